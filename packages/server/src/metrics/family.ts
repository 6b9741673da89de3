import { SECONDS } from "./histogram.ts";
import type { Family, Sample } from "./snapshot.ts";

/** The only value of a metric, or a sample for each set of labels. */
type Values = number | readonly Sample[];

const samplesOf = (values: Values): readonly Sample[] =>
  typeof values === "number" ? [{ labels: [], value: values }] : values;

/** @param name in Prometheus, with `_total` */
export const counter = (name: string, help: string, values: Values): Family => ({
  name,
  help,
  type: "counter",
  merge: "sum",
  samples: samplesOf(values),
});

/** @param merge over several processes */
export const gauge = (name: string, help: string, values: Values, merge: Family["merge"] = "sum"): Family => ({
  name,
  help,
  type: "gauge",
  merge,
  samples: samplesOf(values),
});

/** A metric of durations. */
export const histogram = (name: string, help: string, samples: readonly Sample[]): Family => ({
  name,
  help,
  type: "histogram",
  merge: "sum",
  bounds: SECONDS,
  samples,
});

/** Returns a sample for each value of one label. */
export const byLabel = (label: string, values: Iterable<readonly [name: string, value: number]>): readonly Sample[] =>
  Array.from(values, ([name, value]) => ({ labels: [label, name], value }));

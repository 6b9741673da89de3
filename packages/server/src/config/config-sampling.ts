import type { EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import { quoted } from "@protobff/runtime/internal/environment/one-line";
import type { Sampling } from "../telemetry/sampler.ts";

/** Samplers by OpenTelemetry's names. OTEL_TRACES_SAMPLER_ARG is the ratio of those with `argument`. */
const SAMPLERS: ReadonlyMap<string, { readonly parent: boolean; readonly ratio: number | "argument" }> = new Map([
  ["always_on", { parent: false, ratio: 1 }],
  ["always_off", { parent: false, ratio: 0 }],
  ["traceidratio", { parent: false, ratio: "argument" }],
  ["parentbased_always_on", { parent: true, ratio: 1 }],
  ["parentbased_always_off", { parent: true, ratio: 0 }],
  ["parentbased_traceidratio", { parent: true, ratio: "argument" }],
]);

/**
 * Reads from OTEL_TRACES_SAMPLER which requests leave traces. Without it, the parent decides, and for requests without
 * a parent the option of their RPC.
 */
export function readSampling(read: EnvReader): Sampling {
  const text = read.optional("OTEL_TRACES_SAMPLER");
  if (text === undefined) return { parent: true, ratio: undefined };
  const sampler = SAMPLERS.get(text.toLowerCase());
  if (sampler === undefined) {
    read.fault("OTEL_TRACES_SAMPLER", `is ${quoted(text)}`, [...SAMPLERS.keys()].join(", "));
    return { parent: true, ratio: undefined };
  }
  const { parent, ratio } = sampler;
  return { parent, ratio: ratio === "argument" ? readRatio(read) : ratio };
}

function readRatio(read: EnvReader): number {
  const text = read.optional("OTEL_TRACES_SAMPLER_ARG") ?? "1";
  const ratio = /^(?:0|1|0?\.\d{1,17}|1\.0{1,17})$/.test(text) ? Number(text) : Number.NaN;
  if (ratio >= 0 && ratio <= 1) return ratio;
  const remedy = "the share of requests that leave a trace, from 0 to 1, like 0.1";
  read.fault("OTEL_TRACES_SAMPLER_ARG", `is ${quoted(text)}`, remedy);
  return 1;
}

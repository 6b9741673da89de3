import type { EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import { quoted } from "@protobff/runtime/internal/environment/one-line";
import type { Sampling } from "../telemetry/sampler.ts";

/** How OpenTelemetry calls them. Of those by ratio OTEL_TRACES_SAMPLER_ARG says which. */
const SAMPLERS: ReadonlyMap<string, { readonly parent: boolean; readonly ratio: number | "argument" }> = new Map([
  ["always_on", { parent: false, ratio: 1 }],
  ["always_off", { parent: false, ratio: 0 }],
  ["traceidratio", { parent: false, ratio: "argument" }],
  ["parentbased_always_on", { parent: true, ratio: 1 }],
  ["parentbased_always_off", { parent: true, ratio: 0 }],
  ["parentbased_traceidratio", { parent: true, ratio: "argument" }],
]);

/** Which requests leave traces, as OTEL_TRACES_SAMPLER says; without it the parent does, and what each rpc says of the others. */
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

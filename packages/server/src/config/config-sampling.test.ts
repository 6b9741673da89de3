import { type ConfigFault, EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import { expect, test } from "vitest";
import { readSampling } from "./config-sampling.ts";

function read(env: Record<string, string>) {
  const faults: ConfigFault[] = [];
  return { sampling: readSampling(new EnvReader(env, faults)), faults: faults.map(({ variable }) => variable) };
}

test.each([
  [{}, { parent: true, ratio: undefined }],
  [{ OTEL_TRACES_SAMPLER: "always_on" }, { parent: false, ratio: 1 }],
  [{ OTEL_TRACES_SAMPLER: "always_off" }, { parent: false, ratio: 0 }],
  [
    { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.25" },
    { parent: false, ratio: 0.25 },
  ],
  [{ OTEL_TRACES_SAMPLER: "traceidratio" }, { parent: false, ratio: 1 }],
  [{ OTEL_TRACES_SAMPLER: "parentbased_always_on" }, { parent: true, ratio: 1 }],
  [
    { OTEL_TRACES_SAMPLER: "parentbased_always_off", OTEL_TRACES_SAMPLER_ARG: "x" },
    { parent: true, ratio: 0 },
  ],
  [
    { OTEL_TRACES_SAMPLER: "ParentBased_TraceIdRatio", OTEL_TRACES_SAMPLER_ARG: ".5" },
    { parent: true, ratio: 0.5 },
  ],
])("the sampling of %j", (env, sampling) => {
  expect(read(env)).toEqual({ sampling, faults: [] });
});

test("an unknown sampler and an invalid share are faults", () => {
  expect(read({ OTEL_TRACES_SAMPLER: "jaeger_remote" }).faults).toEqual(["OTEL_TRACES_SAMPLER"]);
  for (const text of ["-0.1", "1.1", "1e-3", "a", "Infinity", "0,1"]) {
    const env = { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: text };
    expect(read(env).faults).toEqual(["OTEL_TRACES_SAMPLER_ARG"]);
  }
});

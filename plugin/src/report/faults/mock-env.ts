// Environment of a BFF on mocks: declared variables, with a sample for each variable without a default.
import type { DescService } from "@bufbuild/protobuf";
import type { ValueReport } from "../../faults/index.ts";
import type { EnvShape, IrEnvVar } from "../../ir/ir.ts";
import type { Plan, PlanFile } from "../../plan/model/plan.ts";
import { amountOf, durationMs, isOrdered, partsOf } from "../../read/values/env-value.ts";
import type { EnvVar } from "../../resolve/model/model.ts";

/**
 * Returns the variables of a service of the file, including the variables that it declares differently. Each has a
 * default.
 */
export function mockEnv(file: PlanFile, service: DescService, { servers }: Plan): readonly EnvVar[] {
  const variables = servers.find(({ files }) => files.includes(file))?.serviceEnv.get(service) ?? [];
  const others = new Map(variables.map((entry) => [entry.ir.name.value, entry]));
  return file.env.map((entry) => withSample(others.get(entry.ir.name.value) ?? entry));
}

function withSample(entry: EnvVar): EnvVar {
  const { name, default: initial, shape } = entry.ir;
  if (initial !== undefined) return entry;
  const { of, item } = shape ?? STRING;
  const sample = item === "string" ? `${name.value}-1` : withinBounds(SAMPLES[item], item, entry.ir);
  return { ...entry, ir: { ...entry.ir, default: { ...name, value: of === "map" ? `key-1=${sample}` : sample } } };
}
/** Returns the sample, or the bound that it breaks. */
function withinBounds(sample: string, item: EnvShape["item"], { min, max }: IrEnvVar): string {
  if (!isOrdered(item)) return sample;
  const amount = amountOf(sample, item);
  if (min !== undefined && amount < amountOf(min.value, item)) return min.value;
  return max !== undefined && amount > amountOf(max.value, item) ? max.value : sample;
}
const STRING: EnvShape = { of: "one", item: "string" };
const SAMPLES = { int: "1", uint: "1", bool: "true", double: "1.5", duration: "1s" } as const;

/** Returns the same variables as values, by name. */
export function mockEnvValues(entries: readonly EnvVar[]): { readonly [name: string]: ValueReport } {
  return Object.fromEntries(entries.map((entry) => [entry.ir.name.value, reportOf(entry)]));
}

function reportOf({ ir }: EnvVar): ValueReport {
  const { of, item } = ir.shape ?? STRING;
  const parts = partsOf(ir.default?.value ?? "", of) ?? [];
  if (of === "map") return { map: parts.map(({ key, value }) => [key, itemOf(value, item)]) };
  const items = parts.map(({ value }) => itemOf(value, item));
  return of === "list" ? items : (items[0] ?? "");
}

function itemOf(text: string, item: EnvShape["item"]): ValueReport {
  switch (item) {
    case "string":
      return text;
    case "int":
    case "uint":
      return { int: String(BigInt(text.replace(/^\+/, ""))) };
    case "bool":
      return text === "true" || text === "1";
    case "double":
      return { double: Number(text) };
    case "duration": {
      const ms = durationMs(text);
      const nanos = Math.round((ms % 1000) * 1e6);
      const seconds = { int: String(Math.floor(ms / 1000)) };
      return {
        message: "google.protobuf.Duration",
        fields: { seconds, ...(nanos > 0 && { nanos: { int: String(nanos) } }) },
      };
    }
  }
}

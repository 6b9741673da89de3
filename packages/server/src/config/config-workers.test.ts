import { availableParallelism } from "node:os";
import { type ConfigFault, EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import { expect, test } from "vitest";
import { readWorkers } from "./config-workers.ts";

function read(text: string | undefined) {
  const faults: ConfigFault[] = [];
  const count = readWorkers(new EnvReader({ BFF_WORKERS: text }, faults));
  return { count, faults };
}

test.each([
  [undefined, 1],
  ["", 1],
  ["1", 1],
  ["512", 512],
  ["auto", availableParallelism()],
])("BFF_WORKERS=%s", (text, count) => {
  expect(read(text)).toEqual({ count, faults: [] });
});

test.each(["0", "513", "-1", "2.5", "all", " 2"])("BFF_WORKERS=%s is a fault", (text) => {
  const { faults } = read(text);
  expect(faults).toEqual([
    { variable: "BFF_WORKERS", problem: `is "${text}"`, remedy: "auto, or a whole number between 1 and 512" },
  ]);
});

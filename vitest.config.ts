import { randomInt } from "node:crypto";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { LongFirst } from "./scripts/long-first.ts";
import { GROUPS, type Group, tiersOf } from "./scripts/test-tiers.ts";

const tiers = tiersOf(process.env.PROTOBFF_TIER);
const NEVER = ["**/node_modules/**", "**/dist/**", "**/.generated/**"];
const common = {
  // For tests that hang; compiling, installing and starting processes take minutes on a busy machine.
  testTimeout: 60_000,
  hookTimeout: 180_000,
  env: {
    // Tests generate into folders of their own, which hold no committed lock that a CI run could insist on.
    CI: "",
    // Servers refuse nothing because other work occupies this machine. Tests of overload set their own.
    BFF_SHED_DELAY: "0s",
    // The seed of random tests that have no variable of their own.
    PROTOBFF_SEED: process.env.PROTOBFF_SEED ?? String(randomInt(2 ** 31)),
  },
  setupFiles: ["patient-waits", "unlimited-steps", "checked-states"].map((name) =>
    fileURLToPath(new URL(`test/support/setup/${name}.ts`, import.meta.url)),
  ),
  alias: { "fast-check": fileURLToPath(new URL("test/support/seed/fast-check.ts", import.meta.url)) },
};

const projectOf = ({ name, include, exclude, shared, alone }: Group) => ({
  test: {
    ...common,
    name,
    include: [...include],
    exclude: [...NEVER, ...exclude],
    isolate: shared !== true,
    ...(alone ? { fileParallelism: false, sequence: { groupOrder: 1 } } : {}),
  },
});

export default defineConfig({
  test: {
    // vitest leaves a core to itself: of two, half of the machine. These tiers wait for other processes
    // more than they compute.
    maxWorkers:
      Math.max(2, availableParallelism() - 1) +
      (["system", "corpora"].includes(process.env.PROTOBFF_TIER ?? "") ? 1 : 0),
    // PROTOBFF_SHUFFLE is the seed of another order of files: the results of a tier depend on no order.
    sequence:
      process.env.PROTOBFF_SHUFFLE === undefined
        ? { sequencer: LongFirst }
        : { shuffle: { files: true, tests: false }, seed: Number(process.env.PROTOBFF_SHUFFLE) },
    projects: tiers.flatMap((tier) => GROUPS[tier]).map(projectOf),
  },
});

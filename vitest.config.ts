import { randomInt } from "node:crypto";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { LongFirst } from "./scripts/long-first.ts";

const TESTS = "{cli,client,plugin,runtime,test,examples,scripts}/**/*.test.ts";
/** Of the tests of processes, those without a deadline or a duration that a busy machine could miss. */
const PATIENT = [
  ...["batches", "copies", "environment", "own-functions", "principal", "refused-everywhere", "resolver-reads"],
  ...["resolvers", "service-environment", "upstream-statuses", "validation", "validation-cel", "versions"],
].join("|");
/** Start processes, or load the machine: one file at a time, after all others, so that their deadlines are kept. */
const ALONE = [
  `test/e2e/!(${PATIENT}).test.ts`,
  "test/load/!(compare-logs|upstream-kinds).test.ts",
  "test/soak/!(report).test.ts",
  "test/{pack,demo}.test.ts",
];
/** Attacks, too, where it is judged what others wait beside them. */
if (process.env.ATTACK_FIGURES) ALONE.push("test/corpora/attacks-*.corpora.test.ts");
/** Suites that need a system package: `npm run test:system`. */
const SYSTEM = process.env.PROTOBFF_SYSTEM ? [] : ["**/*.system.test.ts"];
/** Suites over cases from outside: `npm run test:corpora`. */
const CORPORA = process.env.PROTOBFF_CORPORA ? [] : ["**/*.corpora.test.ts"];
const NEVER = ["**/node_modules/**", "**/dist/**", "**/.generated/**", ...SYSTEM, ...CORPORA];
const common = {
  // For what hangs; what compiles, installs or starts others takes minutes where the machine is busy.
  testTimeout: 60_000,
  hookTimeout: 180_000,
  env: {
    // Tests generate into folders of their own, where there is no committed lock that a CI run could insist on.
    CI: "",
    // What random tests begin with, unless they have a seed of their own.
    PROTOBFF_SEED: process.env.PROTOBFF_SEED ?? String(randomInt(2 ** 31)),
  },
  alias: { "fast-check": fileURLToPath(new URL("test/seed/fast-check.ts", import.meta.url)) },
};

export default defineConfig({
  test: {
    // vitest leaves a core to itself: of two, half of the machine. Suites beside processes of others wait more than they compute.
    maxWorkers: Math.max(2, availableParallelism() - 1) + (process.env.PROTOBFF_SYSTEM ? 1 : 0),
    sequence: { sequencer: LongFirst },
    projects: [
      { test: { name: "side by side", include: [TESTS], exclude: [...NEVER, ...ALONE], ...common } },
      {
        test: {
          name: "alone",
          include: ALONE,
          exclude: NEVER,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          ...common,
        },
      },
    ],
  },
});

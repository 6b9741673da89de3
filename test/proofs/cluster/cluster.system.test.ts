// Several processes, killed and stopped under load, keep what the docs promise, and a planted mistake is found.
// `npm run cluster` runs it longer, with more processes.
import { expect, test } from "vitest";
import { seedOf } from "../../support/seed/seed.ts";
import { runCluster } from "./cluster.ts";
import { MISTAKES, mistakeNamed } from "./town.ts";

const { PROTOBFF_CLUSTER_PROCESSES = "4", PROTOBFF_CLUSTER_SECONDS = "15", PROTOBFF_CLUSTER_PLANTED } = process.env;
const processes = Number(PROTOBFF_CLUSTER_PROCESSES);
const seconds = Number(PROTOBFF_CLUSTER_SECONDS);
const seed = Number(seedOf());
/** A proof of ten minutes has at least these counts; a shorter one its share. */
const LEAST = { requests: 1_000_000, purges: 10_000, kills: 100 };
const LONG_S = 600;
const timeout = 300_000 + seconds * 1_000;

async function wrongWith(name: string): Promise<Readonly<Record<string, readonly string[]>>> {
  const planted = mistakeNamed(name);
  const progress = (line: string): void => console.log(line);
  const { counts, wrong } = await runCluster({ processes, seconds, seed, planted, progress });
  console.log(`${name}, seed ${seed}: ${JSON.stringify(counts)}`);
  expect(Math.min(counts.answers, counts.purges, counts.events, counts.admitted)).toBeGreaterThan(0);
  if (seconds >= LONG_S) {
    for (const [count, least] of Object.entries(LEAST))
      expect.soft(counts[count as keyof typeof LEAST], count).toBeGreaterThanOrEqual(least);
  }
  return Object.fromEntries(wrong);
}

test(`${processes} processes keep limits, purges, sessions and events for ${seconds} s`, { timeout }, async () => {
  expect(await wrongWith(PROTOBFF_CLUSTER_PLANTED ?? "none")).toEqual({});
});

// Each run plants one: together they take minutes. `npm run cluster -- --planted <name>` plants another.
const drawn = MISTAKES[seed % MISTAKES.length] ?? "limits";
test.runIf(PROTOBFF_CLUSTER_PLANTED === undefined)(`the mistake ${drawn} is found`, { timeout }, async () => {
  expect(Object.keys(await wrongWith(drawn))).toContain(drawn);
});

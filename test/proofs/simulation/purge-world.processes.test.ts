// Holds docs/runtime.md#caching
import { expect, test } from "vitest";
import { seedOf } from "../../support/seed/seed.ts";
import { purgeWorld } from "./purge-world.ts";

const SEEDS = 1_000;
const FROM = Number(seedOf());

test(`a read after a purge never gets older data, in ${SEEDS} random worlds`, async () => {
  const wrong: string[] = [];
  const seen: Record<string, number> = {};
  for (let seed = FROM; seed < FROM + SEEDS && wrong.length < 5; seed++) {
    const world = await purgeWorld(seed);
    for (const [name, count] of Object.entries(world.seen)) seen[name] = (seen[name] ?? 0) + count;
    if (world.violations.length > 0)
      wrong.push(`npm run simulate -- --world purges --seed ${seed}: ${world.violations[0]}`);
  }
  expect(wrong).toEqual([]);
  // A rule about events that never happened would prove nothing.
  for (const [name, count] of Object.entries(seen)) expect([name, count > 100]).toEqual([name, true]);
}, 120_000);

test("the simulation detects a purge that reaches no answer", async () => {
  let noticed = false;
  for (let seed = 0; seed < 50 && !noticed; seed++) noticed = (await purgeWorld(seed, true)).violations.length > 0;
  expect(noticed).toBe(true);
}, 60_000);

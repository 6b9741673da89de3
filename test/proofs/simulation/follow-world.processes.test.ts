// Holds docs/runtime.md#streams
import { expect, test } from "vitest";
import { seedOf } from "../../support/seed/seed.ts";
import { followWorld } from "./follow-world.ts";

const SEEDS = 300;
const FROM = Number(seedOf());

test(`followers to the end receive every item once and in order, in ${SEEDS} random worlds`, async () => {
  const wrong: string[] = [];
  const seen: Record<string, number> = {};
  for (let seed = FROM; seed < FROM + SEEDS && wrong.length < 5; seed++) {
    const world = await followWorld(seed);
    for (const [name, count] of Object.entries(world.seen)) seen[name] = (seen[name] ?? 0) + count;
    if (world.violations.length > 0)
      wrong.push(`npm run simulate -- --world streams --seed ${seed}: ${world.violations[0]}`);
  }
  expect(wrong).toEqual([]);
  // A rule about events that never happened would prove nothing.
  expect(Object.keys(seen).sort()).toEqual([
    "UNAVAILABLE",
    "items",
    "lost",
    "reset",
    "resumed",
    "silent",
    "stalled",
    "topic",
  ]);
  for (const [name, count] of Object.entries(seen)) expect([name, count > 20]).toEqual([name, true]);
}, 120_000);

test("the simulation detects a lost item", async () => {
  let noticed = false;
  for (let seed = 0; seed < 100 && !noticed; seed++) noticed = (await followWorld(seed, true)).violations.length > 0;
  expect(noticed).toBe(true);
}, 60_000);

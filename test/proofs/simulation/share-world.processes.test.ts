// Holds docs/runtime.md#limits
import { expect, test } from "vitest";
import { ArrivalQueue } from "../../../runtime/src/guard/queued-limit.ts";
import { seedOf } from "../../support/seed/seed.ts";
import { shareWorld } from "./share-world.ts";

const SEEDS = 100_000;
const FROM = Number(seedOf());

test(`a fair queue agrees with a naive one, and keeps its bound, in ${SEEDS} random worlds`, () => {
  const wrong: string[] = [];
  const seen: Record<string, number> = {};
  for (let seed = FROM; seed < FROM + SEEDS && wrong.length < 5; seed++) {
    const world = shareWorld(seed);
    for (const [name, count] of Object.entries(world.seen)) seen[name] = (seen[name] ?? 0) + count;
    if (world.violations.length > 0)
      wrong.push(`npm run simulate -- --world shares --seed ${seed}: ${world.violations[0]}`);
  }
  expect(wrong).toEqual([]);
  // A rule about events that never happened would prove nothing.
  for (const [name, count] of Object.entries(seen)) expect([name, count > 1_000]).toEqual([name, true]);
}, 1100_000);

test("the simulation detects a queue in the order of arrival by its bound", () => {
  const found = Array.from({ length: 300 }, (_, seed) => shareWorld(seed, (total) => new ArrivalQueue(total)));
  expect(found.some(({ violations }) => violations.some((text) => text.includes("differ by")))).toBe(true);
});

import { expect, test } from "vitest";
import { FACTORS } from "./model.ts";
import { levelsNamed, namedLevels, shrunken } from "./shrunken.ts";

test("the levels that a failure needs are left", async () => {
  const all = new Map(FACTORS.map(({ name, levels }) => [name, levels.at(-1)] as const)) as Parameters<
    typeof shrunken
  >[0];
  const needed = ["capture", "hedge", "limit"];
  let tries = 0;
  const found = await shrunken(all, async (choice) => {
    tries++;
    return needed.every((name) => choice.has(name));
  });
  expect([...found.keys()].sort()).toEqual(needed);
  expect(tries).toBeLessThan(60);
  expect(levelsNamed(namedLevels(found))).toEqual(found);
  expect(() => levelsNamed("hedge: never")).toThrow("no level hedge: never");
});

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { weights } from "../../scripts/weigh.ts";

// A commit that raises a budget says in its body what users get for the lines. Later commits lower it.
const budget: Readonly<Record<string, number>> = JSON.parse(
  readFileSync(new URL("../../scripts/weight-budget.json", import.meta.url), "utf8"),
);

test("no package has more lines than scripts/weight-budget.json allows", () => {
  const found = Object.fromEntries(weights());
  expect(Object.keys(found).sort()).toEqual(Object.keys(budget).sort());
  expect(Object.entries(found).filter(([name, lines]) => lines > (budget[name] ?? 0))).toEqual([]);
});
test("a budget is at most 1 % and 50 lines above the package", () => {
  const loose = [...weights()].filter(([name, lines]) => (budget[name] ?? 0) > lines * 1.01 + 50);
  expect(loose).toEqual([]);
});

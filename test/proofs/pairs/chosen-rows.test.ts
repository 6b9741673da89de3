import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { UPDATE } from "../../support/golden.ts";
import { builtRows, COMMITTED, committedRows, LEVELS, selected, textOf } from "./chosen-rows.ts";
import { FACTORS } from "./model.ts";
import { accepts } from "./refused.ts";

test("the committed rows have each pair of levels that is accepted", { timeout: 120_000 }, () => {
  if (UPDATE) writeFileSync(COMMITTED, textOf(builtRows(1, 2).rows));
  const rows = committedRows();
  expect(rows.filter((row) => row.length !== LEVELS.length || !accepts(row))).toEqual([]);
  const seen = new Set(
    rows.flatMap((row) => row.flatMap((a, i) => row.slice(0, i).map((b, j) => [j, b, i, a].join()))),
  );
  const missing: string[] = [];
  for (const [i, first] of FACTORS.entries())
    for (const [j, second] of FACTORS.slice(0, i).entries())
      for (const [a, one] of first.levels.entries())
        for (const [b, other] of second.levels.entries()) {
          const pair = LEVELS.map((_, factor) => (factor === i ? a : factor === j ? b : undefined));
          if (accepts(pair) && !seen.has([j, b, i, a].join()))
            missing.push(`${second.name}: ${other.name}; ${first.name}: ${one.name}`);
        }
  expect(missing, "UPDATE_GOLDENS=1 npx vitest run test/proofs/pairs/chosen-rows").toEqual([]);
});

test("rows are selected by number and by range", () => {
  const rows = ["a", "b", "c", "d"];
  expect(selected(rows, "all").length).toBe(4);
  expect(selected(rows, "2")).toEqual([
    [0, "a"],
    [1, "b"],
  ]);
  expect(selected(rows, "2-9")).toEqual([
    [2, "c"],
    [3, "d"],
  ]);
});

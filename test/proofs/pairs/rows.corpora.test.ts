// Rows of a covering array over the features. Each becomes a BFF, which is served and asked. `npm run pairs` runs all rows
// of PROTOBFF_SEED, other runs a share of the rows of seed 1. PROTOBFF_PAIRS_STRENGTH=3 also covers each three factors of
// the core; PROTOBFF_PAIRS=100-199 runs some of its rows. PROTOBFF_PAIRS_ONLY=7 repeats a row of a seed, and shrinks it if
// it fails. PROTOBFF_PAIRS_LEVELS="capture: all; hedge: at once" runs a row of these levels.
import { afterAll, describe, expect, test } from "vitest";
import type { GeneratedProject } from "../../support/generated-project.ts";
import { bffOf } from "./bff.ts";
import { builtRows, committedRows, selected } from "./chosen-rows.ts";
import type { Row } from "./covering.ts";
import type { Choice } from "./model.ts";
import { choiceOf } from "./refused.ts";
import { endShared } from "./row-servers.ts";
import { runRow } from "./run-row.ts";
import { announced } from "./served-row.ts";
import { levelsNamed, namedLevels, shrunken } from "./shrunken.ts";

const { PROTOBFF_PAIRS: count, PROTOBFF_PAIRS_ONLY: only, PROTOBFF_PAIRS_STRENGTH: strength } = process.env;
const { PROTOBFF_PAIRS_LEVELS: named } = process.env;
const seed = count === undefined ? 1 : Number(process.env.PROTOBFF_SEED);
/** Without PROTOBFF_PAIRS, every seventeenth row runs. */
const SHARE = 17;

function chosenRows(): readonly (readonly [index: number, row: Row])[] {
  if (count === undefined) return [...committedRows().entries()].filter(([index]) => index % SHARE === 0);
  const { rows, covered, excluded } = builtRows(seed, strength === "3" ? 3 : 2);
  console.log(`seed ${seed}: ${rows.length} rows, ${covered} combinations, ${excluded.length} refused`);
  return selected(rows, only === undefined ? count : `${only}-${only}`);
}
const choiceOfRow = (row: Row): Choice => choiceOf(row.map((level, factor) => [factor, level] as const));

// Beside other tests a server may be late, which fails a row once. A fault of a pair fails it each time.
const OPTIONS = { timeout: only === undefined ? 300_000 : 3_600_000, retry: count === undefined ? 2 : 0 };

const failuresOf = (
  name: string,
  index: number,
  choice: Choice,
  kept?: GeneratedProject[],
): Promise<readonly string[]> => runRow(name, index, choice, kept).catch((error) => [String(error)]);

afterAll(endShared);

describe.runIf(named === undefined)("rows", () => {
  const rows = named === undefined ? chosenRows() : [];
  announced(rows.map(([, row]) => bffOf(choiceOfRow(row))));
  const kept: GeneratedProject[] = [];
  afterAll(() => {
    for (const project of kept) project.remove();
  });

  test.for(rows)("row %i", OPTIONS, async ([index, row]) => {
    const choice = choiceOfRow(row);
    const found = await failuresOf(`${seed}-${index}`, index, choice, kept);
    const again = `PROTOBFF_SEED=${seed} PROTOBFF_PAIRS_ONLY=${index} npm run pairs`;
    if (found.length > 0)
      console.log([again, namedLevels(choice), ...found.map((text) => text.slice(0, 2_000))].join("\n"));
    if (found.length > 0 && only !== undefined) {
      let tries = 0;
      const fails = async (fewer: Choice): Promise<boolean> =>
        (await failuresOf(`${seed}-${index}-${tries++}`, index, fewer)).length > 0;
      console.log(`PROTOBFF_PAIRS_LEVELS="${namedLevels(await shrunken(choice, fails))}" npm run pairs`);
    }
    expect(found, again).toEqual([]);
  });

  test("the generated code of all rows compiles", { timeout: 600_000 }, () => {
    expect(kept[0]?.typeChecked(kept.map(({ folder }) => folder))).toBe("");
  });
});

test.runIf(named !== undefined)("named levels", { timeout: 300_000 }, async () => {
  expect(await failuresOf("named", 0, levelsNamed(named ?? ""))).toEqual([]);
});

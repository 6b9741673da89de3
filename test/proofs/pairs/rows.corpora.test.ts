// Rows of a covering array over the features. Each becomes a BFF, which is served and asked. `npm run pairs` runs all rows
// of PROTOBFF_SEED (20 minutes on two quiet cores), other runs a share of the rows of seed 1.
// PROTOBFF_PAIRS_STRENGTH=3 also covers each three factors of the core. PROTOBFF_PAIRS_ONLY=7 repeats a row of a seed, and
// shrinks it if it fails. PROTOBFF_PAIRS_LEVELS="capture: all; hedge: at once" runs a row of these levels.
import { describe, expect, test } from "vitest";
import { covering } from "./covering.ts";
import { type Choice, CORE, FACTORS } from "./model.ts";
import { accepts, choiceOf } from "./refused.ts";
import { runRow } from "./run-row.ts";
import { levelsNamed, namedLevels, shrunken } from "./shrunken.ts";

const { PROTOBFF_PAIRS: count, PROTOBFF_PAIRS_ONLY: only, PROTOBFF_PAIRS_STRENGTH: strength } = process.env;
const { PROTOBFF_PAIRS_LEVELS: named } = process.env;
const seed = count === undefined ? 1 : Number(process.env.PROTOBFF_SEED);
/** Without PROTOBFF_PAIRS, every sixteenth row runs. */
const SHARE = 16;
const core = { strength: 3, of: CORE.map((name) => FACTORS.findIndex((factor) => factor.name === name)) };

function chosenRows(): readonly (readonly [index: number, levels: readonly number[]])[] {
  const levels = FACTORS.map((factor) => factor.levels.length);
  const strengths = [{ strength: 2, of: [...FACTORS.keys()] }, ...(strength === "3" ? [core] : [])];
  const { rows, covered, excluded } = covering({ levels, strengths, allows: accepts }, seed);
  console.log(`seed ${seed}: ${rows.length} rows, ${covered} combinations, ${excluded.length} refused`);
  const all = [...rows.entries()];
  if (only !== undefined) return all.filter(([index]) => index === Number(only));
  if (count === undefined) return all.filter(([index]) => index % SHARE === 0);
  return all.slice(0, count === "all" ? undefined : Number(count));
}

// Beside other tests a server may be late, which fails a row once. A fault of a pair fails it each time.
const OPTIONS = { timeout: only === undefined ? 300_000 : 3_600_000, retry: count === undefined ? 2 : 0 };

const failuresOf = (name: string, index: number, choice: Choice): Promise<readonly string[]> =>
  runRow(name, index, choice).catch((error) => [String(error)]);

describe.runIf(named === undefined)("rows", () => {
  test.for(named === undefined ? chosenRows() : [])("row %i", OPTIONS, async ([index, levels]) => {
    const choice = choiceOf(levels.map((level, factor) => [factor, level] as const));
    const found = await failuresOf(`${seed}-${index}`, index, choice);
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
});

test.runIf(named !== undefined)("named levels", { timeout: 300_000 }, async () => {
  expect(await failuresOf("named", 0, levelsNamed(named ?? ""))).toEqual([]);
});

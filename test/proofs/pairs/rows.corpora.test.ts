// Rows of a covering array over the features. Each becomes a BFF, which is served and asked. `npm run pairs` runs all rows
// of PROTOBFF_SEED (20 minutes on two quiet cores), other runs a share of the rows of seed 1.
// PROTOBFF_PAIRS_STRENGTH=3 also covers each three factors of the core; PROTOBFF_PAIRS_ONLY=7 repeats a row of a seed.
import { describe, expect, test } from "vitest";
import { covering } from "./covering.ts";
import { CORE, FACTORS } from "./model.ts";
import { accepts, choiceOf } from "./refused.ts";
import { runRow } from "./run-row.ts";

const { PROTOBFF_PAIRS: count, PROTOBFF_PAIRS_ONLY: only, PROTOBFF_PAIRS_STRENGTH: strength } = process.env;
const seed = count === undefined ? 1 : Number(process.env.PROTOBFF_SEED);
/** A run without PROTOBFF_PAIRS has one of so many rows. */
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

describe("rows", () => {
  test.for(chosenRows())("row %i", { timeout: 300_000 }, async ([index, levels]) => {
    const choice = choiceOf(levels.map((level, factor) => [factor, level] as const));
    const found = await runRow(`${seed}-${index}`, index, choice).catch((error) => [String(error)]);
    const named = [...choice].flatMap(([name, level]) => (level.name === "none" ? [] : [`${name}: ${level.name}`]));
    const again = `PROTOBFF_SEED=${seed} PROTOBFF_PAIRS_ONLY=${index} npm run pairs`;
    if (found.length > 0)
      console.log([again, named.join("; "), ...found.map((text) => text.slice(0, 2_000))].join("\n"));
    expect(found, again).toEqual([]);
  });
});

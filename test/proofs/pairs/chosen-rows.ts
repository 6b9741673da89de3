// The rows of a run. Those of seed 1 and strength 2 are committed, since building them takes a quarter of a minute.
import { readFileSync } from "node:fs";
import { type Covering, covering, type Row } from "./covering.ts";
import { CORE, FACTORS } from "./model.ts";
import { accepts } from "./refused.ts";

/** One row a line, a digit of base 36 for each factor. */
export const COMMITTED = new URL("./rows.txt", import.meta.url);
export const textOf = (rows: readonly Row[]): string =>
  `${rows.map((row) => row.map((level) => level.toString(36)).join("")).join("\n")}\n`;
export const committedRows = (): readonly Row[] =>
  readFileSync(COMMITTED, "utf8")
    .trim()
    .split("\n")
    .map((line) => [...line].map((digit) => Number.parseInt(digit, 36)));

export const LEVELS = FACTORS.map(({ levels }) => levels.length);
const core = { strength: 3, of: CORE.map((name) => FACTORS.findIndex((factor) => factor.name === name)) };

/** @param strength 3: also of the core */
export function builtRows(seed: number, strength: 2 | 3): Covering {
  const strengths = [{ strength: 2, of: [...FACTORS.keys()] }, ...(strength === 3 ? [core] : [])];
  return covering({ levels: LEVELS, strengths, allows: accepts }, seed);
}

/** Selects rows by a text: `all`, `5` for the first five, `100-199`. */
export function selected<T>(rows: readonly T[], text: string): readonly (readonly [index: number, row: T])[] {
  const [from = 0, to = 0] = text.includes("-") ? text.split("-").map(Number) : [0, Number(text) - 1];
  return [...rows.entries()].filter(([index]) => text === "all" || (index >= from && index <= to));
}

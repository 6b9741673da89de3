// All codes of diagnostics. `npm run codes` lists the free numbers.
import { CODES as expressionCodes } from "../cel/syntax/codes.ts";
import { RULES } from "../check/all-checks.ts";
import { CODES as driftCodes } from "../lock/codes.ts";
import { declarationCodes } from "../read/codes.ts";
import { CODES as resolveCodes } from "../resolve/codes.ts";

/** The hundreds digit of a code is its group. */
export const GROUPS: Readonly<Record<string, string>> = {
  1: "Declarations",
  2: "References",
  3: "Expressions and types",
  4: "Structure",
  5: "Side effects and policies",
  6: "Absence",
  7: "Cost",
  8: "Caching",
  9: "Drift",
};

/** The tables of codes: one for each stage, and one for each check. A code is in one of them. */
export const CODE_TABLES: readonly Readonly<Record<string, string>>[] = [
  declarationCodes,
  expressionCodes,
  resolveCodes,
  driftCodes,
  ...RULES,
];

/** The rule of every code, as docs/diagnostics.md shows it. */
export const CODES: ReadonlyMap<string, string> = new Map(CODE_TABLES.flatMap((table) => Object.entries(table)));

/** Codes that were reported once. A code is never reused, because links and `warn=` lists of older versions name it. */
export const RETIRED: readonly string[] = ["BFF190", "BFF221"];

/**
 * Codes that `warn=` can demote: effects and policy, cost, caching and exposure, drift. With any other error nothing
 * can be generated.
 */
export const canBeWarning = (code: string): boolean => /^BFF[5789]/.test(code);

import { CODES as expressionCodes } from "./cel/syntax/codes.ts";
import { CODES as driftCodes } from "./lock/codes.ts";
import { declarationCodes } from "./read/codes.ts";
import { CODES as resolveCodes } from "./resolve/codes.ts";

/** The tables of codes, by stage. A code is in one of them. */
export const CODE_TABLES: readonly Readonly<Record<string, string>>[] = [
  declarationCodes,
  expressionCodes,
  resolveCodes,
  driftCodes,
];

/** The rule of every code, as docs/diagnostics.md shows it. */
export const CODES: ReadonlyMap<string, string> = new Map(CODE_TABLES.flatMap((table) => Object.entries(table)));

/** Codes that `warn=` can demote: effects and policy, cost, caching and exposure, drift. With any other error nothing can be generated. */
export const canBeWarning = (code: string): boolean => /^BFF[5789]/.test(code);

// For tests: expressions with their printed code.
import type { Proto } from "../index.ts";
import * as collections from "./emitted-collections.ts";
import * as messages from "./emitted-messages.ts";
import * as scalars from "./emitted-scalars.ts";
import * as unknown from "./emitted-unknown.ts";

/** An expression, the code of its value, and with `as` that of its value in a representation. */
export type Case = readonly [expression: string, code: string, as?: Proto];

/** Grouped by topic. */
export const EMITTED_CASES: Readonly<Record<string, readonly Case[]>> = {
  ...scalars,
  ...collections,
  ...messages,
  ...unknown,
};

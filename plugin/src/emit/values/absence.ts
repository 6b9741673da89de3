// Tests that the values which an expression reads without a test are absent: steps, arguments, fields that are missing.
import { emitGap, type Names, type Variable } from "../../cel/index.ts";
import type { Line } from "../text/lines.ts";

/** `usage === undefined`, `isMissing(line, "price")`: an operand of `||`. */
export function absentTest(variable: Variable, names: Names): Line {
  return variable.missing === undefined ? [names.variable(variable), " === undefined"] : emitGap(variable, names, true);
}

/** `usage !== undefined`, `!isMissing(line, "price")`: an operand of `&&`. */
export function presentTest(variable: Variable, names: Names): Line {
  return variable.missing === undefined
    ? [names.variable(variable), " !== undefined"]
    : emitGap(variable, names, false);
}

/** Prints tests as operands of one operator. Empty: there are none. */
export const joinedBy = (operator: " || " | " && ", tests: readonly Line[]): Line =>
  tests.flatMap((test, i): Line => (i === 0 ? test : [operator, ...test]));

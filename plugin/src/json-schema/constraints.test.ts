import { expect, test } from "vitest";
import type { ElementRules, Test } from "../model/rules.ts";
import { constraintsOf } from "./constraints.ts";

const AT = { file: "a.proto", line: 1, column: 1 };
const rulesOf = (unlessZero: boolean, ...tests: readonly Test[]) =>
  ({
    unlessZero,
    checks: tests.map((test) => ({ rule: { id: "", message: "", path: [] }, at: AT, test })),
  }) as unknown as ElementRules;
const PATTERN: Test = { kind: "pattern", pattern: "^[a-z]+$", bytes: false };

test("a pattern that exempts the empty text is in the schema, beside the empty text", () => {
  expect(constraintsOf(rulesOf(true, PATTERN))).toEqual({ anyOf: [{ maxLength: 0 }, { pattern: "^[a-z]+$" }] });
});
test("a pattern for every text is the only keyword", () => {
  expect(constraintsOf(rulesOf(false, PATTERN))).toEqual({ pattern: "^[a-z]+$" });
});

// What is a pattern is judged twice: by the compiler, of a literal, and by the runtime, of any text. Neither may import the other, and both
// mend what RE2JS takes a brace for.
import fc from "fast-check";
import { expect, test } from "vitest";
import { literalFault } from "../../../plugin/src/cel/types/literals/literal.ts";
import { pattern } from "../../../runtime/src/expressions/text/pattern.ts";

const at = { file: "", line: 1, column: 1, endLine: 1, endColumn: 1 };
const literal = (value: string) =>
  ({ kind: "constant", value, type: { kind: "string" }, proto: undefined, fails: false, at }) as const;

const compiler = (text: string): boolean => literalFault("matches", [literal("x"), literal(text)]) === undefined;
function runtime(text: string): boolean {
  try {
    pattern(text);
    return true;
  } catch {
    return false;
  }
}

test.each([
  ["a{2,3}", true],
  ["a{,3}", true],
  ["a{2", true],
  ["{{1}", true],
  ["{?", true],
  ["[{?]{*", true],
  ["\\Q{?\\E{?", true],
  ["a{2,1}", false],
  ["a{1001}", false],
  ["[b-a]", false],
  ["(?=a)", false],
  ["*", false],
])("%s is a pattern for both the plugin and the runtime, or for neither: %s", (text, expected) => {
  expect([compiler(text), runtime(text)]).toEqual([expected, expected]);
});

test("any text is a pattern for both the plugin and the runtime, or for neither", () => {
  const part = fc.constantFrom(..."{}[]()\\QE*+?|^$:,-0123ab", "\\Q", "\\E", "[:alpha:]", "{1}", "{2,}", "\\{");
  const text = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, (pattern) => compiler(pattern) === runtime(pattern)),
    { numRuns: 5_000 },
  );
});

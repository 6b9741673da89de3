import { expect, it } from "vitest";
import { ExpressionError } from "../value/error.ts";
import { matches, pattern } from "./pattern.ts";

it.each<[string, string, boolean]>([
  ["xaby", "a.", true],
  ["ABC", "(?i)b", true],
  ["a\nb", "(?s)a.b", true],
  ["a\nb", "a.b", false],
  ["a\nb", "(?m)^b$", true],
  ["ab", "(?P<x>a)b$", true],
  ["ab", "^b", false],
  ["é", "^\\pL$", true],
  ["Ω", "^\\p{Greek}$", true],
  ["🚀", "^.$", true],
  ["a\\b", "\\Qa\\b\\E", true],
  ["xyz", "[[:alpha:]]{3}", true],
  ["", "^$", true],
  ["{", "^{?$", true],
  ["a{{", "^a{+$", true],
  ["{", "{{1}", true],
  ["{{{", "^{{3}$", true],
  ["{{", "^{{3,}$", false],
  ["{?", "^[{?]{*[?]$", true],
  ["{?", "^\\Q{?\\E{?$", true],
])("%j, %s: %s", (text, expression, expected) => {
  expect(matches(text, expression)).toBe(expected);
});

it.each(["(?=a)", "(?<!a)b", "(a)\\1", "(", "a{2,1}", "[b-a]", "*"])("%s is not a pattern of RE2", (expression) => {
  expect(() => matches("aa", expression)).toThrow(ExpressionError);
});

it("a pattern is compiled once", () => {
  expect(pattern("a+b")).toBe(pattern("a+b"));
});

// Backtracking takes longer than the universe is old for these.
it.each([
  ["(a+)+$", `${"a".repeat(50_000)}!`],
  ["(a|a)*b", "a".repeat(50_000)],
  ["^(([a-z])+.)+[A-Z]([a-z])+$", "a".repeat(50_000)],
  ["a*a*a*a*a*b", "a".repeat(50_000)],
])("the pattern %s takes linear time", { timeout: 30_000 }, (expression, text) => {
  expect(matches(text, expression)).toBe(false);
});

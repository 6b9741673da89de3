import { RE2JS } from "@bufbuild/re2";
import fc from "fast-check";
import { expect, it } from "vitest";
import { deterministic } from "./deterministic.ts";

it.each([
  "^[a-z0-9._]+@[a-z]+\\.[a-z]+$",
  "^\\d{4}-\\d{2}-\\d{2}$",
  "^[a-z]",
  "^a?b*c+$",
  "^[^/]+/[^/]+$",
  "^\\w{1,63}$",
  "^$",
  "^[-+]?[0-9]+$",
  "^[a-z][a-z0-9-]*$",
])("%s is deterministic", (pattern) => {
  expect(deterministic(pattern)).toBeDefined();
});

it.each([
  "a+$",
  "^(a+)+$",
  "^a*a*b$",
  "^[a-z]+[a-z0-9]$",
  "^a|b$",
  "^.*x$",
  "^a+?b$",
  "^a**$",
  "^\\s+$",
  "^\\pL$",
  "^[[:alpha:]]$",
  "^é$",
  "^a{3,2}$",
  "^a{1001}$",
  "^a{$",
  "^[z-a]$",
  "^\\b$",
  "^[]a]$",
  "^a*b?a$",
  "(?i)^a$",
  "^a\\$",
])("%s is not deterministic, and needs RE2", (pattern) => {
  expect(deterministic(pattern)).toBeUndefined();
});

it("deterministic patterns match like RE2", () => {
  const atom = fc.constantFrom(
    "a",
    "b",
    "\\.",
    "\\d",
    "\\w",
    "[a-c]",
    "[^ab]",
    "[-x]",
    "[b\\]]",
    "-",
    ".",
    "[.]",
    "\\\\",
    "[a\\-z]",
  );
  const repeat = fc.constantFrom("", "", "*", "+", "?", "{2}", "{1,}", "{0,2}");
  const pattern = fc
    .tuple(fc.array(fc.tuple(atom, repeat), { maxLength: 5 }), fc.constantFrom("", "$"))
    .map(([items, end]) => `^${items.flat().join("")}${end}`);
  const text = fc.string({
    unit: fc.constantFrom("a", "b", "c", "x", ".", "-", "1", "_", "]", "\\", "\n", "é", "🚀"),
    maxLength: 8,
  });
  let compared = 0;
  const property = fc.property(pattern, text, (source, input) => {
    const pattern = deterministic(source);
    if (pattern === undefined) return;
    compared++;
    expect(pattern.test(input), `${source} on ${JSON.stringify(input)}: ${pattern.source}`).toBe(
      new RE2JS(source).test(input),
    );
  });
  fc.assert(property, { numRuns: 5000 });
  expect(compared).toBeGreaterThan(1000);
});

it.each([
  ["^[a-z0-9._]+@[a-z]+\\.[a-z]+$", "a".repeat(100_000)],
  ["^[a-z0-9._]+@[a-z]+\\.[a-z]+$", `${"a".repeat(50_000)}@${"b".repeat(50_000)}`],
  ["^a*b*c*d*e*f$", "abcde".replaceAll(/./g, (letter) => letter.repeat(20_000))],
  ["^[^/]*/[^/]*/x$", `${"a".repeat(50_000)}/${"b".repeat(50_000)}`],
])("the pattern %s takes linear time", { timeout: 5_000 }, (pattern, text) => {
  expect(deterministic(pattern)?.test(text)).toBe(false);
});

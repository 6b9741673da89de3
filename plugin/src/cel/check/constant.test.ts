import { describe, expect, it } from "vitest";
import { registry, scope } from "../testing/fixtures.ts";
import { check } from "../testing/harness.ts";

describe("results at compile time", () => {
  it.each<readonly [expression: string, ...reported: string[]]>([
    ["1 == 1 ? 2 : 3", "BFF316 warning 1:1-7 this is always true"],
    ["true ? 2 : 3", "BFF316 warning 1:1-5 this is always true"],
    ["s.single_bool && false", "BFF316 warning 1:18-23 this is always false"],
    ["s.single_bool || 'a' < 'b'", "BFF316 warning 1:18-27 this is always true"],
    ["ok(s)", 'BFF316 warning 1:1-6 the step "s" is never absent, so this is always true | read it without a test'],
    ["!true", "BFF316 warning 1:1-6 this is always false"],
    [
      "size(list) < 0",
      "BFF316 warning 1:1-15 this is always false | change the comparison: size(list) is from 0 to 2147483647",
    ],
    [
      "list.exists(f, f.single_int32 <= 2147483647)",
      "BFF316 warning 1:16-44 this is always true | change the comparison: f.single_int32 is from -2147483648 to 2147483647",
    ],
    [
      "s.single_uint32 >= 0u",
      "BFF316 warning 1:1-22 this is always true | change the comparison: s.single_uint32 is from 0 to 4294967295",
    ],
    ["1 / 0 > 1 || true", "BFF316 warning 1:1-18 this is always true"],
    ["[1, 2, 3][3]", "BFF317 error 1:1-13 the list has no element 3 | write an index below 3"],
    ["[1][0 + 1]", "BFF317 error 1:1-11 the list has no element 1 | write an index below 1"],
    ["[][0]", "BFF317 error 1:1-6 the list has no element 0 | leave out the index: the list is empty"],
    ["list[-1]", "BFF317 error 1:1-9 an index cannot be negative | count from the end: x[size(x) - 1]"],
    ["{'a': 1}['b']", 'BFF317 error 1:1-14 the map has no key "b" | choose one of its keys: "a"'],
    ["count / 0", "BFF318 error 1:1-10 this divides by zero"],
    ["1u % (2u - 2u)", "BFF318 error 1:1-15 this divides by zero"],
    [
      "9223372036854775807 + 1",
      "BFF318 error 1:1-24 the result does not fit into an int of 64 bits | calculate with doubles",
    ],
    [
      "2 * (1u - 2u == 0u ? 1 : 2)",
      "BFF318 error 1:6-13 the result does not fit into a uint of 64 bits | calculate with doubles",
    ],
  ])("%s", (expression, ...reported) => {
    const { diagnostics } = check(expression, scope, registry);
    const shown = diagnostics.map(
      ({ code, severity, at, message, hint }) =>
        `${code} ${severity} ${at.line}:${at.column}-${at.endColumn} ${message}${hint === undefined ? "" : ` | ${hint}`}`,
    );
    expect(shown).toEqual(reported);
  });

  it.each([
    "true",
    "[1, 2, 3][s.single_int32]",
    "{'a': 1, s.single_string: 2}['b']",
    "[?optional.of(1)][0]",
    "s.single_int32 > 2147483646",
    "list.filter(f, true)",
    "'🚀' < '\\uffee' ? 1 : 2",
  ])("%s has no diagnostic", (expression) => {
    const { diagnostics } = check(expression, scope, registry);
    expect(diagnostics).toEqual([]);
  });
});

// Whether a text is a value of an environment variable's type is judged twice: by the compiler, of a default, and by the runtime, of what the
// process is given, defaults among it. Neither may import the other.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { EnvShape } from "../../../plugin/src/ir/ir.ts";
import { amountOf, isValue } from "../../../plugin/src/read/values/env-value.ts";
import { type ConfigFault, EnvReader } from "../../../runtime/src/environment/env-reader.ts";

const items = ["string", "int", "uint", "bool", "double", "duration"] as const;

function runtime(text: string, { of, item }: EnvShape): boolean {
  const faults: ConfigFault[] = [];
  const read = new EnvReader({}, faults);
  if (of === "one") read[item]("X", text);
  else read[of]("X", item, text);
  return faults.length === 0;
}
const both = (text: string, shape: EnvShape) => [isValue(text, shape), runtime(text, shape)];

test.each([
  ["a=1,b=2", "map", "int", true],
  ["a=1,a=2", "map", "int", false],
  // Keys are alike without the backslashes that take a meaning away.
  ["a\\,=1,a\\,=2", "map", "int", false],
  ["\\\\=1,\\\\ =2", "map", "int", false],
  ["a\\b=1,a\\\\b=2", "map", "int", false],
  ["a\\b=1,ab=2", "map", "int", true],
  [" =1", "map", "int", false],
  ["=1", "map", "int", false],
  ["a=", "map", "int", false],
  ["a=", "map", "string", true],
  ["a= 1 , ,b=2", "map", "int", true],
  ["a", "map", "string", false],
  ["", "map", "string", true],
  ["", "list", "int", true],
  ["1, 2,", "list", "int", true],
  ["", "one", "int", false],
  ["", "one", "string", true],
  [" 1", "one", "int", false],
  ["00000000000000000007", "one", "int", false],
  ["9223372036854775808", "one", "int", false],
  ["18446744073709551615", "one", "uint", true],
  ["18446744073709551616", "one", "uint", false],
  ["1e999", "one", "double", false],
  ["1e-999", "one", "double", true],
  ["1", "one", "bool", true],
  ["315576000000s", "one", "duration", true],
  ["315576000001s", "one", "duration", false],
  ["0s", "one", "duration", true],
  ["1.0000000001s", "one", "duration", false],
] as const)("%s is a %s of %s for the plugin and the runtime alike: %s", (text, of, item, expected) => {
  expect(both(text, { of, item })).toEqual([expected, expected]);
});

test("any text is a value for both the plugin and the runtime, or for neither", () => {
  const part = fc.constantFrom(
    ...",=\\ \t+-.eE0123456789abms",
    "\\,",
    "\\=",
    "\\\\",
    "true",
    "1s",
    "a=1",
    "e308",
    ",a=",
  );
  const text = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(""));
  // A single character seldom makes a value: most texts are joined of what are values.
  const value = fc.constantFrom(
    "1",
    "-1",
    "0",
    "true",
    "0.5",
    "1e308",
    "1e309",
    "250ms",
    "0s",
    "00",
    "9".repeat(19),
    "x",
  );
  const key = fc.constantFrom("", " ", "a", " a", "\\a", "\\\\a", "\\,", "\\=", "a\\", "b", "__proto__");
  const entry = fc.tuple(key, value).map(([left, right]) => `${left}=${right}`);
  const joined = fc.array(fc.oneof(value, entry), { maxLength: 4 }).map((parts) => parts.join(","));
  const shape = fc.record({ of: fc.constantFrom("one", "list", "map"), item: fc.constantFrom(...items) });
  let values = 0;
  fc.assert(
    fc.property(fc.oneof(text, joined), shape, (input, of) => {
      const [compiler, server] = both(input, of);
      if (server) values++;
      return compiler === server;
    }),
    { numRuns: 20_000 },
  );
  // Both kinds are seen.
  expect(values).toBeGreaterThan(2_000);
});

test("the plugin and the runtime order values alike", () => {
  const text = fc.oneof(
    fc.constantFrom("0", "-0", "1.1s", "1100ms", "1.1", "66m", "1.1h"),
    fc.string({ unit: fc.constantFrom(..."0123456789.-+e"), maxLength: 5 }),
  );
  const unit = fc.constantFrom("", "ms", "s", "m");
  fc.assert(
    fc.property(
      fc.constantFrom("int", "uint", "double", "duration" as const),
      text,
      text,
      unit,
      unit,
      (item, a, b, of, to) => {
        const [value, max] = [a + of, b + to];
        fc.pre([value, max].every((part) => isValue(part, { of: "one", item })));
        const faults: ConfigFault[] = [];
        new EnvReader({ X: value }, faults).max(max)[item]("X");
        expect(faults.length === 0).toBe(amountOf(value, item) <= amountOf(max, item));
      },
    ),
  );
});

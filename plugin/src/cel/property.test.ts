import { inspect } from "node:util";
import { create, type Message } from "@bufbuild/protobuf";
import { DurationSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { expect, it } from "vitest";
import { type Expression, emitValue, strict } from "./index.ts";
import { compiled, FAILED, interpreted, MISTAKEN, sameResult } from "./testing/both-ways.ts";
import { MESSAGE, NESTED, namesFor, registry, scope } from "./testing/fixtures.ts";
import { check } from "./testing/harness.ts";
import { ALL_FORMS, randomExpression } from "./testing/random-expression.ts";
import { strictly } from "./testing/strict-evaluation.ts";
import { typeErrorsOf } from "./testing/type-errors.ts";

const int32 = fc.integer();
const small = fc.integer({ min: -3, max: 10 });
const int64 = fc.oneof(small.map(BigInt), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
const uint64 = fc.oneof(fc.nat({ max: 9 }).map(BigInt), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
// Beyond 2^53 cel-go, which we follow, and the interpreter compare integers and doubles differently.
const double = fc.oneof(small, fc.double({ min: -1e6, max: 1e6 }), fc.constantFrom(Number.NaN, Infinity, -0));
// Without characters beyond U+FFFF, which the interpreter counts twice.
const text = fc.string({ unit: fc.constantFrom("a", "b", "x", "1", ",", "é", "Ω", " "), maxLength: 6 });

const message: fc.Arbitrary<Message> = fc
  .record({
    singleInt32: fc.oneof(small, int32),
    singleInt64: int64,
    singleSint32: int32,
    singleSfixed64: int64,
    singleUint32: fc.nat({ max: 2 ** 32 - 1 }),
    singleUint64: uint64,
    singleFixed32: fc.nat({ max: 5 }),
    singleDouble: double,
    singleFloat: fc.float({ min: -1000, max: 1000, noDefaultInfinity: true }),
    singleBool: fc.boolean(),
    singleString: text,
    singleBytes: fc.uint8Array({ maxLength: 4 }),
    standaloneEnum: fc.constantFrom(0, 1, 2),
    repeatedInt32: fc.array(fc.oneof(small, int32), { maxLength: 4 }),
    repeatedInt64: fc.array(int64, { maxLength: 4 }),
    repeatedString: fc.array(text, { maxLength: 4 }),
    mapStringInt64: fc.dictionary(fc.constantFrom("a", "b", "x"), int64),
    singleTimestamp: fc.option(seconds(-30_000_000_000, 250_000_000_000, true), { nil: undefined }),
    singleDuration: fc.option(seconds(-9_000_000_000, 9_000_000_000, false), { nil: undefined }),
    standaloneMessage: fc.option(
      int32.map((bb) => create(NESTED.desc, { bb })),
      { nil: undefined },
    ),
    nestedType: fc.option(
      int32.map((bb) => ({ case: "singleNestedMessage", value: create(NESTED.desc, { bb }) })),
      { nil: { case: undefined } },
    ),
  })
  .map((init) => create(MESSAGE.desc, init as Record<string, unknown>));

/** Begins at the year 1000, because the interpreter is off by 1900 years before the year 100. */
function seconds(min: number, max: number, timestamp: boolean): fc.Arbitrary<Message> {
  return fc.tuple(fc.integer({ min, max }), fc.nat({ max: 999_999_999 })).map(([whole, nanos]) => {
    const signed = timestamp || whole >= 0 ? nanos : -nanos;
    return create(timestamp ? TimestampSchema : DurationSchema, { seconds: BigInt(whole), nanos: signed });
  });
}

it("compiled expressions equal the interpreter", { timeout: 120_000 }, () => {
  let both = 0;
  const property = fc.property(fc.gen(), message, int64, (g, s, count) => {
    const expression = randomExpression(g, 4);
    const variables = { s, list: [s], count };
    const ours = compiled(expression, variables);
    if (ours === undefined) return;
    both++;
    const theirs = interpreted(expression, variables);
    if (theirs === MISTAKEN) return;
    const explained = `${expression}\n${ours.code}\ngives ${inspect(ours.value)}, not ${inspect(theirs)}`;
    expect(sameResult(ours.value, theirs), explained).toBe(true);
    expect(ours.value !== FAILED || ours.fails, `${expression} may fail`).toBe(true);
  });
  fc.assert(property, { numRuns: Number(process.env.CEL_RUNS ?? 1500) });
  // The property does not cover rejected expressions.
  expect(both).toBeGreaterThan(1000);
});

it("strict compiled expressions equal a left-to-right evaluation without absorbed errors", { timeout: 120_000 }, () => {
  let decided = 0;
  let refused = 0;
  const property = fc.property(fc.gen(), message, int64, (g, s, count) => {
    const expression = randomExpression(g, 4);
    const ours = compiled(expression, { s, list: [s], count }, strict);
    if (ours === undefined) return;
    const theirs = strictly(expression, { s, count });
    if (theirs === MISTAKEN) return;
    if (theirs === FAILED) refused++;
    else decided++;
    const explained = `${expression}\n${ours.code}\ngives ${inspect(ours.value)}, not ${inspect(theirs)}`;
    expect(sameResult(ours.value, theirs), explained).toBe(true);
    expect(ours.value !== FAILED || ours.fails, `${expression} may fail`).toBe(true);
  });
  fc.assert(property, { numRuns: Number(process.env.CEL_RUNS ?? 1500) });
  expect(decided).toBeGreaterThan(500);
  expect(refused).toBeGreaterThan(200);
});

it("compiled expressions give a value or an announced error, for the whole language", { timeout: 120_000 }, () => {
  let checked = 0;
  const property = fc.property(fc.gen(), message, int64, (g, s, count) => {
    const expression = randomExpression(g, 4, ALL_FORMS);
    // Throws for any other error.
    const ours = compiled(expression, { s, list: [s], count });
    if (ours === undefined) return;
    checked++;
    expect(ours.value).toBeDefined();
    expect(ours.value !== FAILED || ours.fails, `${expression} may fail`).toBe(true);
  });
  fc.assert(property, { numRuns: Number(process.env.CEL_RUNS ?? 1500) });
  expect(checked).toBeGreaterThan(1000);
});

it("a strict TypeScript compiler accepts the code", { timeout: 120_000 }, () => {
  const expressions = fc.sample(
    fc.gen().map((g) => randomExpression(g, 4, ALL_FORMS)),
    { numRuns: 300, seed: Number(process.env.CEL_SEED ?? 7) },
  );
  const checked = expressions.flatMap((source): (readonly [Expression])[] => {
    const { expression } = check(source, scope, registry);
    return expression === undefined ? [] : [[expression], [strict(expression)]];
  });
  expect(checked.length).toBeGreaterThan(400);
  const errors = typeErrorsOf(checked).split("\n");
  expect(errors.filter((line) => line.includes("): error"))).toEqual([]);
});

it("garbage results in a diagnostic and never in an exception", { timeout: 60_000 }, () => {
  const token = fc.constantFrom(
    ..."s list a b args env headers now count . .? [ ] [? ( ) { } , : ? && || ! - + * / % == != < <= > >= in".split(
      " ",
    ),
    ..."1 2u 1.5 'x' b'x' true null has all map filter exists transformMap cel.bind optMap sortBy TestAllTypes".split(
      " ",
    ),
    ..."single_int32 repeated_int32 map_string_string single_any single_value x ok size dyn type int".split(" "),
    " ",
    "\n",
    "`",
    '"',
    "\\",
    "🚀",
  );
  const garbage = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(token, { maxLength: 12 }).map((tokens) => tokens.join("")),
    fc.array(token, { maxLength: 12 }).map((tokens) => tokens.join(" ")),
    fc.gen().chain((g) => {
      const whole = randomExpression(g, 3);
      return fc
        .tuple(fc.nat({ max: whole.length }), token)
        .map(([at, inserted]) => `${whole.slice(0, at)}${inserted}${whole.slice(at + 1)}`);
    }),
  );
  const property = fc.property(garbage, (expression) => {
    const { expression: sound, diagnostics } = check(expression, scope, registry);
    if (sound === undefined) expect(diagnostics.some(({ severity }) => severity === "error")).toBe(true);
    else emitValue(sound, namesFor());
  });
  fc.assert(property, { numRuns: 5000 });
});

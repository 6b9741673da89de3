// Candidates for the values of a field, by its type and its rules.
import { type DescEnum, ScalarType } from "@bufbuild/protobuf";
import type { Candidates } from "./candidates.ts";
import { FLOATS, INTEGERS, NANOSECONDS, type NumberRules, numbers, type Steps } from "./number-candidates.ts";
import { texts } from "./text-candidates.ts";
import { type Scalar, ValueRules, type WireRules } from "./wire-rules.ts";

/** Which field of FieldRules is for values of a type. */
const KINDS: Readonly<Record<ScalarType, number>> = {
  [ScalarType.FLOAT]: 1,
  [ScalarType.DOUBLE]: 2,
  [ScalarType.INT32]: 3,
  [ScalarType.INT64]: 4,
  [ScalarType.UINT32]: 5,
  [ScalarType.UINT64]: 6,
  [ScalarType.SINT32]: 7,
  [ScalarType.SINT64]: 8,
  [ScalarType.FIXED32]: 9,
  [ScalarType.FIXED64]: 10,
  [ScalarType.SFIXED32]: 11,
  [ScalarType.SFIXED64]: 12,
  [ScalarType.BOOL]: 13,
  [ScalarType.STRING]: 14,
  [ScalarType.BYTES]: 15,
};
const ENUM = 16;
export const LIST = { kind: 18, min: 1, max: 2, unique: 3, items: 4 } as const;
export const MAP = { kind: 19, min: 1, max: 2, keys: 4, values: 5 } as const;
const DURATION = { const: 2, lt: 3, lte: 4, gt: 5, gte: 6, in: 7, notIn: 8, example: 9 } as const;
const TIMESTAMP = { ...DURATION, ltNow: 7, gtNow: 8, in: -1, notIn: -1, example: 10 } as const;
/** Rules of messages of google.protobuf, by name. */
export const KNOWN: Readonly<Record<string, number>> = {
  "google.protobuf.Any": 20,
  "google.protobuf.Duration": 21,
  "google.protobuf.Timestamp": 22,
  "google.protobuf.FieldMask": 28,
};

const [I32, U32] = [INTEGERS(-(2n ** 31n), 2n ** 31n - 1n), INTEGERS(0n, 2n ** 32n - 1n)];
const [I64, U64] = [INTEGERS(-(2n ** 63n), 2n ** 63n - 1n), INTEGERS(0n, 2n ** 64n - 1n)];

/** @param nonzero zero counts as unset, and it has to be set */
export function scalars(
  scalar: ScalarType,
  name: string,
  of: WireRules | undefined,
  nonzero = false,
): Candidates<Scalar> {
  const rules = new ValueRules(of, KINDS[scalar]);
  switch (scalar) {
    case ScalarType.STRING:
      return texts(name, rules, "string", nonzero);
    case ScalarType.BYTES:
      return converted(
        texts(name, rules, "bytes", nonzero),
        (text) => Uint8Array.from(text, (item) => item.charCodeAt(0)),
        (bytes) => String.fromCharCode(...bytes),
      );
    case ScalarType.BOOL:
      return bools(rules, nonzero);
    case ScalarType.FLOAT:
      return floats(ScalarType.FLOAT, FLOATS(Math.fround), rules, nonzero);
    case ScalarType.DOUBLE:
      return floats(
        ScalarType.DOUBLE,
        FLOATS((value) => value),
        rules,
        nonzero,
      );
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return integers(scalar, I64, rules, nonzero);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return integers(scalar, U64, rules, nonzero);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return converted(integers(scalar, U32, rules, nonzero), Number, BigInt);
    default:
      return converted(integers(scalar, I32, rules, nonzero), Number, BigInt);
  }
}

/** Converts candidates to another form. */
function converted<From, To extends Scalar>(
  { values, keeps, ordinary, more }: Candidates<From>,
  to: (value: From) => To,
  from: (value: To) => From,
): Candidates<Scalar> {
  return {
    values: {
      *[Symbol.iterator]() {
        for (const value of values) yield to(value);
      },
    },
    keeps: (value) => keeps(from(value as To)),
    ordinary: to(ordinary),
    more,
    key: (value) => (value instanceof Uint8Array ? String(value) : value),
  };
}

function bools({ kindRules, more }: ValueRules, nonzero: boolean): Candidates<Scalar> {
  const only = kindRules?.last(1, ScalarType.BOOL);
  const others = kindRules?.numbers.some((no) => no > 2) ?? false;
  return {
    values: [true, false],
    keeps: (value) => (only === undefined || value === only) && !(nonzero && value === false),
    ordinary: true,
    more: more || others,
  };
}

function integers(scalar: ScalarType, steps: Steps<bigint>, rules: ValueRules, nonzero: boolean): Candidates<bigint> {
  const example = scalar === ScalarType.INT64 ? 9 : 8;
  const read = (wireRules: WireRules, no: number): readonly bigint[] =>
    wireRules
      .all(no, scalar)
      .flatMap((item) => (typeof item === "bigint" || typeof item === "number" ? [BigInt(item)] : []));
  const more = rules.more || (rules.kindRules?.numbers.some((no) => no > 7 && no !== example) ?? false);
  return numbers(1n, numberRules(rules.kindRules, example, read), steps, { nonzero, more });
}
function floats(scalar: ScalarType, steps: Steps<number>, rules: ValueRules, nonzero: boolean): Candidates<number> {
  const read = (wireRules: WireRules, no: number): readonly number[] =>
    wireRules.all(no, scalar).flatMap((item) => (typeof item === "number" ? [item] : []));
  // 8 is `finite`, which all of them are, 9 the examples
  const more = rules.more || (rules.kindRules?.numbers.some((no) => no > 9) ?? false);
  return numbers(1.5, numberRules(rules.kindRules, 9, read), steps, { nonzero, more });
}
/** Reads rules of numbers, whose fields have the same numbers in all types except for the examples. */
function numberRules<T>(
  wireRules: WireRules | undefined,
  example: number,
  read: (wireRules: WireRules, no: number) => readonly T[],
): NumberRules<T> {
  const all = (no: number): readonly T[] => (wireRules === undefined ? [] : read(wireRules, no));
  return {
    const: all(1).at(-1),
    lt: all(2).at(-1),
    lte: all(3).at(-1),
    gt: all(4).at(-1),
    gte: all(5).at(-1),
    in: all(6),
    notIn: all(7),
    examples: all(example),
  };
}

/** @param nonzero as for scalars */
export function enums({ values }: DescEnum, of: WireRules | undefined, nonzero = false): Candidates<number> {
  const { kindRules, more } = new ValueRules(of, ENUM);
  const all = (no: number): readonly number[] =>
    (kindRules?.all(no, ScalarType.INT32) ?? []).flatMap((item) => (typeof item === "number" ? [item] : []));
  const [only, list, not] = [all(1).at(-1), all(3), all(4)];
  const declared = values.map(({ number }) => number);
  const ordinary = declared.find((number) => number !== 0) ?? declared[0] ?? 0;
  return {
    values: [
      ...(only === undefined ? [] : [only]),
      ...all(5),
      ...list,
      ...declared.filter((number) => number !== 0),
      ...declared,
    ],
    keeps: (value) =>
      declared.includes(value) &&
      !(nonzero && value === 0) &&
      (only === undefined || value === only) &&
      (list.length === 0 || list.includes(value)) &&
      !not.includes(value),
    ordinary,
    more: more || (kindRules?.numbers.some((no) => no > 5) ?? false),
  };
}

// ---- time, in nanoseconds ----

/** 2026-01-02T03:04:05Z */
const MOMENT_S = 1_767_323_045n;
/** 2100-01-01T00:00:00Z: a time in the future for as long as this code is likely to run. */
const FUTURE_S = 4_102_444_800n;
const SECOND = 1_000_000_000n;

export function durations(of: WireRules | undefined): Candidates<bigint> {
  const { kindRules, more } = new ValueRules(of, KNOWN["google.protobuf.Duration"]);
  const rest = kindRules?.numbers.some((no) => no > 9) ?? false;
  return numbers(SECOND, timeRules(kindRules, DURATION), NANOSECONDS(-315_576_000_000n, 315_576_000_000n), {
    nonzero: false,
    more: more || rest,
  });
}
export function timestamps(of: WireRules | undefined): Candidates<bigint> {
  const { kindRules, more } = new ValueRules(of, KNOWN["google.protobuf.Timestamp"]);
  const [before, after] = [kindRules?.flag(TIMESTAMP.ltNow) ?? false, kindRules?.flag(TIMESTAMP.gtNow) ?? false];
  // These rules are not satisfied with certainty: `within` of now, or a past time with another bound.
  const rest = kindRules?.numbers.some((no) => no === 9 || no > 10) ?? false;
  const rules = timeRules(kindRules, TIMESTAMP);
  const steps = NANOSECONDS(-62_135_596_800n, 253_402_300_799n);
  const all = numbers(after ? FUTURE_S * SECOND : MOMENT_S * SECOND, rules, steps, {
    nonzero: false,
    more: more || rest,
  });
  return {
    ...all,
    keeps: (value) =>
      all.keeps(value) && !(before && value > MOMENT_S * SECOND) && !(after && value < FUTURE_S * SECOND),
  };
}
function timeRules(wireRules: WireRules | undefined, no: typeof DURATION | typeof TIMESTAMP): NumberRules<bigint> {
  const all = (of: number): readonly bigint[] =>
    wireRules === undefined || of < 0
      ? []
      : wireRules
          .messages(of)
          .map((time) => whole(time.last(1, ScalarType.INT64)) * SECOND + whole(time.last(2, ScalarType.INT32)));
  return {
    const: all(no.const).at(-1),
    lt: all(no.lt).at(-1),
    lte: all(no.lte).at(-1),
    gt: all(no.gt).at(-1),
    gte: all(no.gte).at(-1),
    in: all(no.in),
    notIn: all(no.notIn),
    examples: all(no.example),
  };
}
const whole = (value: Scalar | undefined): bigint =>
  typeof value === "bigint" || typeof value === "number" ? BigInt(value) : 0n;

// Values that their own type forbids, in answers that are read and in answers that are passed on.
import { create, type Message, toBinary, toJson } from "@bufbuild/protobuf";
import {
  type Duration,
  DurationSchema,
  type FieldMask,
  FieldMaskSchema,
  StructSchema,
  type Timestamp,
  TimestampSchema,
  ValueSchema,
} from "@bufbuild/protobuf/wkt";
import { RetryInfoSchema } from "@protobff/messages/google/rpc/error_details_pb.js";
import { expect, test } from "vitest";
import { checkedDecoder } from "./answer-values.ts";
import { passer } from "./codec.ts";
import { readMessage } from "./reader.ts";

const YEAR_10000 = 253_402_300_800n;
const delayed = (init: { readonly seconds: bigint; readonly nanos?: number }): Uint8Array =>
  toBinary(RetryInfoSchema, create(RetryInfoSchema, { retryDelay: create(DurationSchema, init) }));

test.each([
  ["10,000 years and a second", { seconds: 315_576_000_001n }],
  ["mixed signs", { seconds: 1n, nanos: -1 }],
  ["nanos of a second", { seconds: 1n, nanos: 1_000_000_000 }],
] as const)("an answer with a duration of %s is refused, read or passed on", (_, init) => {
  const whole = checkedDecoder(RetryInfoSchema, (bytes) => readMessage(RetryInfoSchema, bytes));
  const passed = checkedDecoder(RetryInfoSchema, passer(RetryInfoSchema));
  for (const decode of [whole, passed]) {
    expect(() => decode(delayed(init))).toThrow(/^retry_delay: /);
    expect(decode(delayed({ seconds: 1n, nanos: 5 })).retryDelay?.nanos).toBe(5);
  }
});

test("a field that is not read does not count", () => {
  const part = checkedDecoder(RetryInfoSchema, () => ({}));
  expect(part(delayed({ seconds: 315_576_000_001n }))).toEqual({});
});

const seconds = [
  0n,
  1n,
  -1n,
  YEAR_10000,
  YEAR_10000 - 1n,
  -62_135_596_800n,
  -62_135_596_801n,
  315_576_000_000n,
  -315_576_000_001n,
];
const nanos = [0, 1, -1, 999_999_999, -999_999_999];
const paths = ["a", "a_b", "a.b_c", "aB", "a_", "_a", "a_1", "a__b", "", "a1", "A", "a.B"];

test("values are refused if and only if protobuf-es cannot write them as JSON", () => {
  const same = (
    schema: typeof TimestampSchema | typeof DurationSchema | typeof FieldMaskSchema,
    message: Message,
  ): void => {
    let isJson = true;
    try {
      toJson(schema, message as never);
    } catch {
      isJson = false;
    }
    const decode = checkedDecoder(schema, (bytes) => readMessage(schema, bytes));
    const bytes = toBinary(schema, message as never);
    if (isJson) expect(() => decode(bytes)).not.toThrow();
    else
      expect(
        () => decode(bytes),
        JSON.stringify(message, (_, value) => String(value)),
      ).toThrow();
  };
  for (const second of seconds)
    for (const nano of nanos) {
      same(TimestampSchema, create(TimestampSchema, { seconds: second, nanos: nano }) satisfies Timestamp);
      same(DurationSchema, create(DurationSchema, { seconds: second, nanos: nano }) satisfies Duration);
    }
  for (const path of paths) same(FieldMaskSchema, create(FieldMaskSchema, { paths: [path] }) satisfies FieldMask);
});

test("a duration that is passed on is refused if and only if one that is read is", () => {
  const read = checkedDecoder(RetryInfoSchema, (bytes) => readMessage(RetryInfoSchema, bytes));
  const passed = checkedDecoder(RetryInfoSchema, passer(RetryInfoSchema));
  const isTaken = (decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): boolean => {
    try {
      decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  for (const second of [...seconds, 2n ** 32n - 1n, 2n ** 32n, 2n ** 35n, 2n ** 38n])
    for (const nano of [...nanos, 1_000_000_000, -1_000_000_000, 2 ** 31 - 1]) {
      const bytes = delayed({ seconds: second, nanos: nano });
      expect(isTaken(passed, bytes), `${second} s, ${nano} ns`).toBe(isTaken(read, bytes));
    }
});

test.each([
  ["no kind", create(ValueSchema)],
  ["NaN", create(ValueSchema, { kind: { case: "numberValue", value: Number.NaN } })],
])("a JSON value with %s is refused at any depth", (_, value) => {
  const struct = create(StructSchema, { fields: { a: { kind: { case: "listValue", value: { values: [value] } } } } });
  const decode = checkedDecoder(StructSchema, (bytes) => readMessage(StructSchema, bytes));
  expect(() => decode(toBinary(StructSchema, struct))).toThrow();
});

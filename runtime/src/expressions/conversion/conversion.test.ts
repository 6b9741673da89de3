import { create } from "@bufbuild/protobuf";
import { DurationSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { ExpressionError } from "../value/error.ts";
import { toBool, toBytes, toDouble, toDuration, toInt, toText, toTimestamp, toUint, typeName } from "./conversion.ts";

const timestamp = create(TimestampSchema, { seconds: 1_577_836_800n });

it.each<[string, () => unknown, unknown]>([
  ["int of a double", () => toInt(-1.9), -1n],
  ["int of text", () => toInt("-12"), -12n],
  ["int of a timestamp", () => toInt(timestamp), 1_577_836_800n],
  ["uint of an int", () => toUint(5n), 5n],
  ["uint of text", () => toUint("18446744073709551615"), 2n ** 64n - 1n],
  ["double of text", () => toDouble("1e3"), 1000],
  ["double of infinity", () => toDouble("-inf"), -Infinity],
  ["bool of text", () => toBool("t"), true],
  ["bytes of text", () => toBytes("é"), Uint8Array.of(0xc3, 0xa9)],
  ["text of bytes", () => toText(Uint8Array.of(0xc3, 0xa9)), "é"],
  ["text of a double", () => toText(1.5), "1.5"],
  ["text of a negative zero", () => toText(-0), "-0"],
  ["text of infinity", () => toText(-Infinity), "-Inf"],
  ["text of a timestamp", () => toText(timestamp), "2020-01-01T00:00:00Z"],
  ["text of a duration", () => toText(create(DurationSchema, { seconds: 90n })), "90s"],
  ["timestamp of text", () => toTimestamp("2020-01-01T00:00:00Z"), timestamp],
  ["timestamp of seconds", () => toTimestamp(1_577_836_800n), timestamp],
  ["duration of text", () => toDuration("-1h30.5s"), create(DurationSchema, { seconds: -3630n, nanos: -500_000_000 })],
  ["duration of a fraction", () => toDuration(".5ms"), create(DurationSchema, { nanos: 500_000 })],
])("%s", (_, convert, expected) => {
  expect(convert()).toEqual(expected);
});

it.each<[string, () => unknown]>([
  ["int of a double that is too great", () => toInt(2 ** 63)],
  ["int of NaN", () => toInt(Number.NaN)],
  ["int of text that is no number", () => toInt("1.5")],
  ["int of empty text", () => toInt("")],
  ["int of text that is too great", () => toInt("9223372036854775808")],
  ["uint of what is negative", () => toUint(-1n)],
  ["uint of negative text", () => toUint("-1")],
  ["double of text that is no number", () => toDouble("1e")],
  ["double of hexadecimal text", () => toDouble("0x10")],
  ["bool of other text", () => toBool("yes")],
  ["text of bytes that are not UTF-8", () => toText(Uint8Array.of(0xff))],
  ["text of a list", () => toText([1n])],
  ["timestamp of other text", () => toTimestamp("2020-01-01")],
  ["timestamp of February 30", () => toTimestamp("2020-02-30T00:00:00Z")],
  ["timestamp of February 29 in another year", () => toTimestamp("2019-02-29T00:00:00Z")],
  ["timestamp of April 31", () => toTimestamp("2020-04-31T00:00:00Z")],
  ["timestamp of day 0", () => toTimestamp("2020-01-00T00:00:00Z")],
  ["timestamp of 24 o'clock", () => toTimestamp("2020-01-01T24:00:00Z")],
  ["timestamp of 60 minutes", () => toTimestamp("2020-01-01T00:60:00Z")],
  ["text of a timestamp that is none", () => toText(create(TimestampSchema, { nanos: -1 }))],
  ["text of a timestamp that is out of range", () => toText(create(TimestampSchema, { seconds: 2n ** 62n }))],
  ["text of a duration of two signs", () => toText(create(DurationSchema, { seconds: 1n, nanos: -1 }))],
  ["timestamp beyond the year 9999", () => toTimestamp(253_402_300_800n)],
  ["duration without a unit", () => toDuration("5")],
  ["duration that is too long", () => toDuration("9999999999h")],
])("%s fails", (_, convert) => {
  expect(convert).toThrow(ExpressionError);
});

describe("the type of a dyn", () => {
  it("a dyn has the type of its value", () => {
    expect([1n, 1, "a", true, null, Uint8Array.of(), [], {}, new Map(), timestamp].map(typeName)).toEqual(
      "int double string bool null_type bytes list map map google.protobuf.Timestamp".split(" "),
    );
  });
});

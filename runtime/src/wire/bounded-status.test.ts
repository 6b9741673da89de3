import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { boundedDetails, boundedText } from "./bounded-status.ts";

describe("a text", () => {
  test.each([
    ["", ""],
    ["a".repeat(1024), "a".repeat(1024)],
    ["a".repeat(1025), `${"a".repeat(1021)}…`],
    [`${"a".repeat(1020)}äää`, `${"a".repeat(1020)}…`],
    ["🚀".repeat(300), `${"🚀".repeat(255)}…`],
    ["lone \ud800", "lone \ufffd"],
  ])("a text above 1 KiB is cut between characters (%#)", (text, handedOn) => {
    expect(boundedText(text)).toBe(handedOn);
    expect(Buffer.byteLength(handedOn)).toBeLessThanOrEqual(1024);
  });
});

describe("details", () => {
  const status = (...sizes: readonly number[]): Uint8Array => {
    const writer = new BinaryWriter();
    for (const size of sizes) {
      const any = create(AnySchema, { typeUrl: "type.googleapis.com/a.v1.B", value: new Uint8Array(size) });
      writer.tag(3, WireType.LengthDelimited).bytes(toBinary(AnySchema, any));
    }
    return writer.finish();
  };
  test.each([
    [
      [1, 2, 3],
      [1, 2, 3],
    ],
    [[8186], [8186]],
    [[8187], []],
    [
      [5000, 5000, 10],
      [5000, 10],
    ],
  ])("details beyond 8 KiB are omitted: %j", (sizes, handedOn) => {
    expect(boundedDetails(status(...sizes)).map(({ value }) => value.length)).toEqual(handedOn);
  });
  test("malformed details are omitted", () => {
    expect(boundedDetails(Uint8Array.of(255, 255, 255))).toEqual([]);
  });
});

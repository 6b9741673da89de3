// Texts in messages, compared with protobuf-es and with the engine, at every length at which another function reads
// them.
import { isUtf8 } from "node:buffer";
import { create, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { type FieldMask, FieldMaskSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decoder, encoder, passer } from "./codec.ts";
import { PREFIX_BYTES } from "./frame.ts";
import type { Reader } from "./reader.ts";
import { fieldOf } from "./small-message.ts";
import { isText } from "./utf8-check.ts";
import type { Writer } from "./writer.ts";

const PATHS = 1;
const GAP = 200;

const readPaths = decoder<FieldMask, FieldMask>(FieldMaskSchema, (r: Reader) => {
  const message: FieldMask = { $typeName: "google.protobuf.FieldMask", paths: [] };
  while (r.more()) {
    const tag = r.tag();
    if (tag === PATHS * 8 + 2) message.paths.push(r.string());
    else r.skip(tag, FieldMaskSchema);
  }
  return message;
});
const writePaths = encoder(FieldMaskSchema, (w: Writer, { paths }) => {
  for (const path of paths ?? []) w.tag(PATHS * 8 + 2).string(path);
});
const passOn = passer(FieldMaskSchema);

/** Lengths around all thresholds, and any others. */
const length = fc.oneof(
  fc.constantFrom(
    0,
    1,
    7,
    8,
    11,
    12,
    13,
    15,
    16,
    17,
    19,
    20,
    21,
    24,
    63,
    64,
    65,
    127,
    128,
    399,
    400,
    401,
    511,
    512,
    513,
    600,
    2_000,
  ),
  fc.nat(700),
);
const ascii = length.map((bytes) => Buffer.from("To be, or not to be; 0123456789 ".repeat(70)).subarray(0, bytes));
const beyond = fc
  .tuple(
    ascii,
    fc.array(fc.constantFrom("é", "—", "編", "\u{1f6f6}", "\u07ff", "\uffff", "\u{10ffff}", "a"), { maxLength: 40 }),
    ascii,
  )
  .map(([before, characters, after]) => Buffer.concat([before, Buffer.from(characters.join("")), after]));
/** Bytes that are nearly UTF-8: one byte is replaced, or the end is missing. */
const nearly = fc
  .tuple(beyond, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.boolean())
  .map(([bytes, at, byte, cut]) => {
    const changed = Buffer.from(bytes);
    if (cut || bytes.length === 0) return changed.subarray(0, at % (bytes.length + 1));
    changed[at % bytes.length] = byte;
    return changed;
  });
const text = fc.oneof(
  { weight: 6, arbitrary: ascii },
  { weight: 3, arbitrary: beyond },
  { weight: 1, arbitrary: nearly },
);

/** Bytes among others that would make them invalid, or continue them. */
const among = (bytes: Uint8Array, before: number): Buffer =>
  Buffer.concat([Buffer.alloc(before, 0xe2), bytes, Buffer.alloc(20, 0x80)]);
function outcome<T>(run: () => T): T | "refused" {
  try {
    return run();
  } catch {
    return "refused";
  }
}
/** A message that records which parts are converted to text together. */
function watched(bytes: Uint8Array): { readonly message: Buffer; readonly slices: number[] } {
  const slices: number[] = [];
  const message = Buffer.from(bytes);
  const { latin1Slice } = message as Buffer & { latin1Slice(from: number, to: number): string };
  Object.assign(message, {
    latin1Slice(from: number, to: number): string {
      slices.push(to - from);
      return latin1Slice.call(message, from, to);
    },
  });
  return { message, slices };
}
const list = (count: number, text: string, gap: number): Buffer =>
  Buffer.concat(
    Array.from({ length: count }, () => [
      fieldOf(PATHS, Buffer.from(text)),
      ...(gap === 0 ? [] : [fieldOf(3, Buffer.alloc(gap, 0xff))]),
    ]).flat(),
  );

describe("texts of a message", () => {
  test("texts are decoded as by protobuf-es, and its refusals are refusals, decoded or forwarded", () => {
    const field = fc.oneof(
      { weight: 3, arbitrary: text.map((bytes) => fieldOf(PATHS, bytes)) },
      { weight: 1, arbitrary: fc.nat(GAP).map((bytes) => fieldOf(3, Buffer.alloc(bytes, 0xc3))) },
    );
    fc.assert(
      fc.property(fc.array(field, { maxLength: 40 }), fc.nat(9), fc.option(fc.nat()), (fields, before, cut) => {
        const whole = Buffer.concat(fields);
        const sent = cut === null ? whole : whole.subarray(0, cut % (whole.length + 1));
        const bytes = among(sent, before).subarray(before, before + sent.length);
        const theirs = outcome(() => fromBinary(FieldMaskSchema, bytes));
        const ours = outcome(() => readPaths(bytes));
        const passed = outcome(() => passOn(bytes));
        if (typeof theirs === "string" || typeof ours === "string" || typeof passed === "string") {
          expect([ours, passed]).toEqual([theirs, theirs]);
          return;
        }
        expect(ours.paths).toEqual(theirs.paths);
        expect((passed as Message as FieldMask).paths).toEqual(theirs.paths);
      }),
      { numRuns: 400 },
    );
  });
  test("distant texts do not retain the bytes between them", () => {
    const { message, slices } = watched(list(100, "a text of 22 letters..", 300));
    expect(readPaths(message).paths).toHaveLength(100);
    expect(slices.reduce((sum, bytes) => sum + bytes)).toBeLessThan(100 * 22 + 512);
  });
  test("adjacent texts are decoded together", () => {
    const { message, slices } = watched(list(1_000, "a text of 22 letters..", 0));
    expect(readPaths(message).paths).toHaveLength(1_000);
    expect(slices.length).toBeLessThan(12);
    expect(Math.max(...slices)).toBeLessThanOrEqual(8_192);
  });
  test("texts are complete at every end of a joint decoding", () => {
    for (let length = 1; length < 80; length++) {
      const text = "0123456789".repeat(8).slice(0, length);
      const { paths } = readPaths(list(200, text, 0));
      expect(paths).toHaveLength(200);
      expect(new Set(paths)).toEqual(new Set([text]));
    }
  });
});

describe("encoded texts", () => {
  test("texts are encoded as by protobuf-es, flat or sliced, at every length", () => {
    const characters = ["a", "é", "—", "\u{1f6f6}"];
    for (const last of characters) {
      const long = `${"To be, or not to be; ".repeat(8)}${last}`;
      const paths = Array.from({ length: long.length + 1 }, (_, from) => long.slice(from));
      paths.push(...paths.map((text) => Buffer.from(text).toString()), ...paths.map((text) => `${last}${text}`));
      const bytes = toBinary(FieldMaskSchema, create(FieldMaskSchema, { paths }));
      expect(writePaths({ paths }).subarray(PREFIX_BYTES).equals(bytes)).toBe(true);
    }
  });
});

describe("the UTF-8 check", () => {
  test("the UTF-8 check equals the engine's", () => {
    fc.assert(
      fc.property(fc.oneof(beyond, nearly), fc.nat(9), (bytes, before) => {
        expect(isText(among(bytes, before), before, before + bytes.length)).toBe(isUtf8(bytes));
      }),
      { numRuns: 2_000 },
    );
  });
  test("the UTF-8 check covers all two-byte sequences, and longer ones near the bounds", () => {
    const near = [0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed];
    near.push(0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff);
    const every = Array.from({ length: 256 }, (_, byte) => byte);
    const bytes = Buffer.alloc(8);
    const wrong: string[] = [];
    const check = (...some: number[]): void => {
      const { length } = some;
      bytes.fill(0x80).set(some);
      if (isText(bytes, 0, length) !== isUtf8(bytes.subarray(0, length))) wrong.push(bytes.toString("hex", 0, length));
    };
    for (const first of every) for (const second of every) check(first, second);
    for (const first of near)
      for (const second of near)
        for (const third of near) {
          check(first, second, third);
          for (const fourth of near) check(first, second, third, fourth);
        }
    expect(wrong).toEqual([]);
  });
});

// Generated codecs beside protobuf-es: the same bytes of a message, the same values. For changed bytes they decide as
// `readMessage` does, which the differential of test/proofs/conformance/protobuf compares with Go and upb.
// Holds docs/runtime.md#bytes
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { create, type DescMessage, fromBinary, type Message, toBinary, toJson } from "@bufbuild/protobuf";
import { codecCounters } from "@protobff/runtime";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkedDecoder } from "../../../runtime/src/wire/answer-values.ts";
import { readMessage } from "../../../runtime/src/wire/reader.ts";
import { releaseMarked } from "../../../runtime/src/wire/release-buffer.ts";
import { randomMessage, seeded } from "../../bffs/second/random-message.ts";
import { changes, record, records, varint, withLength } from "./damaged-bytes.ts";
import { type GeneratedCodec, generateCodec } from "./generated-codec.ts";
import { PROTOS } from "./protos.ts";

let codec: GeneratedCodec;
/** Of a BFF that reads and sends little. */
let some: GeneratedCodec;
/** Of a BFF that passes on what it gets. */
let pass: GeneratedCodec;
let everything: DescMessage;
let page: DescMessage;
let pageRequest: DescMessage;

beforeAll(async () => {
  codec = await generateCodec(PROTOS, "app/v1/app.proto");
  some = await generateCodec(PROTOS, "some/v1/some.proto");
  pass = await generateCodec(PROTOS, "pass/v1/pass.proto");
  const desc = (name: string): DescMessage => {
    const found = codec.registry.getMessage(name);
    if (found === undefined) throw new Error(`no ${name}`);
    return found;
  };
  everything = desc("wire.v1.Everything");
  page = desc("app.v1.Page");
  pageRequest = desc("app.v1.GetPageRequest");
});
afterAll(() => {
  for (const { folder } of [codec, some, pass].filter((generatedCodec) => generatedCodec !== undefined))
    rmSync(folder, { recursive: true, force: true });
});

const number = (value: number) => ({ kind: { case: "numberValue" as const, value } });
const RUNS = { numRuns: Number(process.env.CODEC_RUNS ?? 40) };
const framed = (bytes: Uint8Array): Buffer => {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
};
/** Messages of a type from a seed. Most of what is in them is small, since there is much of it. */
const random = (desc: DescMessage, seed: number): Message => randomMessage(desc, seeded(seed), 2).message as Message;

/** The value, or that there is none. */
function outcome<T>(run: () => T): T | "refused" {
  try {
    return run();
  } catch {
    return "refused";
  }
}
/** What is left out counts as read as well: it has to be as readable. */
function expectPart(bytes: Uint8Array): void {
  const theirs = outcome(() => readMessage(everything, bytes));
  const ours = outcome(() => some.decode("Everything")(bytes));
  if (typeof theirs === "string") expect(ours).toBe(theirs);
  else expect(theirs).toMatchObject(withoutUndefined(ours) as object);
}
/** Whoever looks into what is passed on finds all of it. */
function expectPassed(bytes: Uint8Array): void {
  const theirs = outcome(() => readMessage(everything, bytes));
  const ours = outcome(() => pass.decode("Everything")(bytes));
  if (typeof theirs === "string" || typeof ours === "string") {
    expect(ours).toBe(theirs);
    return;
  }
  expect(toBinary(everything, ours)).toEqual(toBinary(everything, theirs));
  expect({ ...ours }).toEqual(theirs);
}
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  const set = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(set.map(([key, member]) => [key, withoutUndefined(member)]));
}
function expectSame(desc: DescMessage, name: string, bytes: Uint8Array): void {
  const theirs = outcome(() => readMessage(desc, bytes));
  const ours = outcome(() => codec.decode(name)(bytes));
  expect(ours).toEqual(theirs);
  const checked = (decode: (bytes: Uint8Array) => unknown): unknown =>
    outcome(() => checkedDecoder(desc, decode)(bytes));
  expect(checked(codec.decode(name))).toEqual(checked((all) => readMessage(desc, all)));
  if (typeof theirs === "string" || typeof ours === "string") return;
  expect(toBinary(desc, ours)).toEqual(toBinary(desc, theirs));
  expect(codec.encode(name)(ours)).toEqual(framed(toBinary(desc, theirs)));
}

describe("generated codecs", () => {
  test("write the same bytes as protobuf-es", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const message = random(everything, seed);
        expect(codec.encode("Everything")(message)).toEqual(framed(toBinary(everything, message)));
        const whole = random(page, seed);
        expect(codec.encode("Page")(whole)).toEqual(framed(toBinary(page, whole)));
      }),
      RUNS,
    );
  });

  test("read the same messages as protobuf-es", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const whole = toBinary(everything, random(everything, seed));
        expectSame(everything, "Everything", whole);
        expect(readMessage(everything, whole)).toEqual(fromBinary(everything, whole));
        const bytes = toBinary(pageRequest, random(pageRequest, seed));
        expect(codec.decode("GetPageRequest")(bytes)).toEqual(fromBinary(pageRequest, bytes));
      }),
      RUNS,
    );
  });

  test("release received bytes if the message keeps no part of them", () => {
    const text = { fString: "long".repeat(20_000), self: { fListInt32: [1, 2], simpleText: "text" } };
    const made = (more: object): Buffer => Buffer.from(toBinary(everything, create(everything, { ...text, ...more })));
    const unknown = Buffer.concat([made({}), Buffer.from([0xaa, 0xdd, 0x01, 1, 0x61])]); // number 3541
    const cases: readonly (readonly [GeneratedCodec, Buffer, boolean])[] = [
      [codec, made({}), true],
      [codec, made({ fBytes: Buffer.from("bytes") }), false],
      [codec, made({ self: { fListBytes: [Buffer.from("bytes")] } }), false],
      [codec, unknown, false],
      [pass, made({}), false],
      [some, made({}), true],
    ];
    const before = { ...codecCounters };
    for (const [generated, bytes, isReleased] of cases) {
      const theirs = fromBinary(everything, new Uint8Array(bytes));
      const ours = generated.decode("Everything")(bytes);
      releaseMarked(bytes);
      expect(bytes.length === 0).toBe(isReleased);
      if (generated === some) expect(theirs).toMatchObject(withoutUndefined(ours) as object);
      else expect(toBinary(everything, ours)).toEqual(toBinary(everything, theirs));
    }
    expect(codecCounters.decoded - before.decoded).toBe(cases.length); // what protobuf-es reads keeps a part
  });

  test("read and write without protobuf-es", () => {
    const before = { ...codecCounters };
    let read = 0;
    for (let seed = 0; seed < 20; seed++) {
      codec.encode("Page")(random(page, seed));
      const bytes = toBinary(pageRequest, random(pageRequest, seed));
      // A map with such a key is read by its descriptor.
      if (Buffer.from(bytes).includes("__proto__")) continue;
      codec.decode("GetPageRequest")(bytes);
      read++;
    }
    expect(read).toBeGreaterThan(5);
    const { decoded, encoded } = before;
    expect(codecCounters).toEqual({ ...before, decoded: decoded + read, encoded: encoded + 20 });
  });
  test("pass on unread messages byte by byte", () => {
    const nest = codec.registry.getMessage("wire.v1.Nest") as DescMessage;
    const pages = codec.registry.getMessage("pass.v1.Page") ?? pass.registry.getMessage("pass.v1.Page");
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const bytes = toBinary(nest, random(nest, seed));
        const theirs = fromBinary(nest, bytes) as Message & Record<string, unknown>;
        const page = (from: Message): Message => {
          const { many, byName, one } = from as Message & Record<string, unknown>;
          return { $typeName: "pass.v1.Page", many, byName, one } as unknown as Message;
        };
        const sent = pass.encode("Page")(page(pass.decode("Nest")(bytes)));
        const expected = toBinary(pages as DescMessage, page(theirs));
        if (Buffer.from(bytes).includes("__proto__")) {
          expect(fromBinary(pages as DescMessage, Uint8Array.from(sent.subarray(5)))).toEqual(
            fromBinary(pages as DescMessage, expected),
          );
        } else expect(sent).toEqual(framed(expected));
        const json = (message: Message) =>
          outcome(() => toJson(pages as DescMessage, message, { registry: pass.registry }));
        expect(json(page(pass.decode("Nest")(bytes)))).toEqual(json(page(theirs)));
      }),
      RUNS,
    );
    // as it came: not in the order of the numbers, and with a field that nobody knows
    const odd = Buffer.concat([record(81, 0, varint(1)), record(3, 0, varint(7)), record(999, 0, varint(1))]);
    const sent = pass.encode("Page")({ $typeName: "pass.v1.Page", echo: pass.decode("Everything")(odd) } as never);
    expect(sent.subarray(5)).toEqual(record(1, 2, Buffer.concat([varint(odd.length), odd])));
  });
  test("leave out fields that are neither read nor set", () => {
    const before = codecCounters.decoded;
    const full = { fString: "text", fInt32: 5, leaf: { text: "in it", n: 3 }, at: { seconds: 1n } };
    const message = fromBinary(
      everything,
      codec
        .encode("Everything")(full as unknown as Message)
        .subarray(5),
    );
    const decoded = some.decode("Everything")(toBinary(everything, message));
    expect(codecCounters.decoded).toBe(before + 1);
    expect(Object.keys(decoded).sort()).toEqual(
      ["$typeName", "fString", "fListSint64", "byLeaf", "self", "leaves", "simple", "any"].sort(),
    );
    const sent = fromBinary(everything, some.encode("Everything")(message).subarray(5));
    expect(sent).toEqual(
      fromBinary(
        everything,
        codec
          .encode("Everything")({ fString: "text", leaf: { n: 3 } } as never)
          .subarray(5),
      ),
    );
  });
  test("leave the remaining messages to protobuf-es if there are too many", async () => {
    const much = await generateCodec(PROTOS, "much/v1/much.proto");
    try {
      const wide = much.registry.getMessage("wide.v1.Wide") as DescMessage;
      const text = readFileSync(join(much.folder, "much/v1/much_codec.ts"), "utf8");
      expect(text.match(/r\.message\(readPart/g)?.length).toBeLessThan(250);
      expect(text.match(/r\.other\(Part/g)?.length).toBeGreaterThan(40);
      for (let seed = 0; seed < 10; seed++) {
        const message = random(wide, seed);
        const bytes = toBinary(wide, message);
        expect(much.decode("Wide")(bytes)).toEqual(fromBinary(wide, bytes));
        expect(much.encode("Wide")(message)).toEqual(framed(bytes));
      }
    } finally {
      rmSync(much.folder, { recursive: true, force: true });
    }
  });
  test("leave messages that are not proto3 to protobuf-es", () => {
    const old = codec.registry.getMessage("old.v1.Old") as DescMessage;
    const message = random(old, 1);
    const before = codecCounters.encodedByProtobufEs;
    expect(codec.encode("Old")(message)).toEqual(framed(toBinary(old, message)));
    expect(codec.decode("Old")(toBinary(old, message))).toEqual(fromBinary(old, toBinary(old, message)));
    expect(codecCounters.encodedByProtobufEs).toBe(before + 1);
  });

  test("decide about changed bytes as `readMessage` does", () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(changes, { minLength: 1, maxLength: 4 }), (seed, edits) => {
        const whole: Uint8Array = toBinary(everything, random(everything, seed));
        const bytes = edits.reduce((now, edit) => edit(now), whole);
        expectSame(everything, "Everything", bytes);
        expectPart(bytes);
        expectPassed(bytes);
      }),
      { numRuns: RUNS.numRuns * 4 },
    );
  });
  test("decide about any bytes as `readMessage` does", () => {
    fc.assert(
      fc.property(fc.array(records, { maxLength: 8 }), (parts) => {
        expectSame(everything, "Everything", Buffer.concat(parts));
        expectPart(Buffer.concat(parts));
        expectPassed(Buffer.concat(parts));
      }),
      { numRuns: RUNS.numRuns * 100 },
    );
  });

  test.each<[name: string, allowed: Record<string, unknown>, forbidden: Record<string, unknown>]>([
    ["a time", { at: { seconds: 1n } }, { at: { seconds: 253_402_300_800n } }],
    ["a duration", { took: { seconds: 1n, nanos: 1 } }, { took: { seconds: 1n, nanos: -1 } }],
    ["an Any", { any: { typeUrl: "a/b", value: Buffer.of(1) } }, { any: { value: Buffer.of(1) } }],
    ["a value", { value: number(1) }, { value: number(Number.NaN) }],
    ["a value without a kind", { value: number(1) }, { value: {} }],
    ["a list", { list: { values: [number(1)] } }, { list: { values: [number(1), number(Number.NaN)] } }],
    ["JSON", { withStruct: { json: { a: [1] } } }, { withStruct: { json: { a: [Number.NaN] } } }],
  ])("refuse what its own type forbids: %s", (_, allowed, forbidden) => {
    const [fine, wrong] = [allowed, forbidden].map((init) => {
      const deep = create(everything, { self: { many: [init] } });
      return [toBinary(everything, create(everything, init)), toBinary(everything, deep)];
    });
    const whole = checkedDecoder(everything, codec.decode("Everything"));
    const part = checkedDecoder(everything, some.decode("Everything"));
    for (const bytes of fine ?? []) expect(whole(bytes)).toEqual(readMessage(everything, bytes));
    for (const bytes of wrong ?? []) {
      expect(() => whole(bytes)).toThrow();
      if (!("any" in allowed)) expect(() => part(bytes), "a field that is not read").not.toThrow();
    }
  });

  test("reject text that is not UTF-8, even in unread fields", () => {
    for (const length of [1, 70, 600]) {
      const text = Buffer.concat([Buffer.alloc(length, "a"), Buffer.of(0xff)]);
      const wrong = record(1, 2, withLength(text));
      const bytes = record(87, 2, withLength(wrong));
      expect(() => fromBinary(everything, bytes)).toThrow();
      for (const { decode } of [codec, some, pass]) expect(() => decode("Everything")(bytes)).toThrow();
      const unread = record(140, 2, withLength(text));
      for (const { decode } of [codec, some, pass]) expect(() => decode("Everything")(unread)).toThrow();
    }
  });
  test("reject the same values as protobuf-es, with the same error", () => {
    const wrong: Record<string, unknown>[] = [
      { fInt32: 2 ** 31 },
      { fInt32: 1.5 },
      { fInt32: Number.NaN },
      { fUint32: -1 },
      { fSint32: -(2 ** 31) - 1 },
      { fFixed32: 2 ** 32 },
      { fSfixed32: 0.5 },
      { fInt64: 2n ** 63n },
      { fUint64: -1n },
      { fSint64: -(2n ** 63n) - 1n },
      { fFixed64: 2n ** 64n },
      { fSfixed64: 2n ** 63n },
      { fFloat: 1e300 },
      { fListInt32: [1, 2 ** 40] },
      { byInt32: { "1.5": "" } },
      { byInt32: { word: "" } },
      { byInt64: { word: "" } },
      { byBool: { word: "" } },
      { byUint32: { "-1": "" } },
      { color: 2 ** 31 },
    ];
    for (const fields of wrong) {
      const message = Object.assign(fromBinary(everything, new Uint8Array()), fields);
      const resultOf = (run: () => unknown): unknown => {
        try {
          return run();
        } catch (error) {
          return String(error);
        }
      };
      const theirs = resultOf(() => framed(toBinary(everything, message)));
      expect(resultOf(() => codec.encode("Everything")(message))).toEqual(theirs);
    }
  });

  test("keep large bytes and long text", () => {
    for (const size of [100, 127, 128, 513, 4_096, 4_097, 16_383, 16_384, 20_000, 300_000]) {
      for (const letter of ["a", "é", "日", "🚀", "\ud800"]) {
        const leaf = {
          $typeName: "wire.v1.Leaf",
          text: letter.repeat(size),
          raw: new Uint8Array(size).fill(200),
          n: 1,
        };
        const fields = { fString: "x", leaf, leaves: [leaf, leaf], byLeaf: { 1: leaf }, fBytes: leaf.raw };
        const message = Object.assign(fromBinary(everything, new Uint8Array()), fields);
        expect(
          codec
            .encode("Everything")(message)
            .equals(framed(toBinary(everything, message))),
        ).toBe(true);
        const bytes = toBinary(everything, message);
        expect(codec.encode("Everything")(codec.decode("Everything")(bytes)).equals(framed(bytes))).toBe(true);
      }
    }
  });

  test("nest as deep as `readMessage`, and no deeper", () => {
    for (const depth of [1, 50, 98, 99, 100, 101, 150]) {
      let bytes: Uint8Array = new Uint8Array();
      for (let i = 0; i < depth; i++) bytes = record(85, 2, Buffer.concat([varint(bytes.length), bytes]));
      expectSame(everything, "Everything", bytes);
      const old = record(113, 2, Buffer.concat([varint(2), Buffer.from([10, 0])]));
      let inside: Uint8Array = old;
      for (let i = 0; i < depth; i++) inside = record(85, 2, Buffer.concat([varint(inside.length), inside]));
      expectSame(everything, "Everything", inside);
    }
  });
});

// The reference implementations of masks against the documentation of google.protobuf.FieldMask, and against each other.
import { TestAllTypesSchema } from "@bufbuild/cel-spec/cel/expr/conformance/proto3/test_all_types_pb.js";
import {
  type DescField,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonValue,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { numbers, randomMessage } from "../../../support/random-message.ts";
import { requestFor, schemaOf } from "../../../support/request.ts";
import { seedOf } from "../../../support/seed/seed.ts";
import { anySelection } from "../../../support/selections.ts";
import { FieldMaskUtil, WITHOUT_JAVA } from "./field-mask-util.ts";
import { Fmutils, WITHOUT_GO } from "./fmutils.ts";

const COUNT = Number(process.env.PROTOBFF_TRIMMED ?? 3_000);

const { registry } = schemaOf(
  requestFor({
    "mask/v1/mask.proto": `syntax = "proto3";
package mask.v1;
message Root {
  F f = 1;
  int32 z = 2;
  repeated F list = 3;
  map<string, F> by_name = 4;
  map<bool, F> by_bool = 5;
  map<sint64, F> by_number = 6;
  optional string maybe = 7 [json_name = "perhaps"];
}
message F {
  int32 a = 1;
  B b = 2;
  int32 y = 3;
  repeated int32 c = 4;
  repeated B bs = 5;
  map<string, B> by_key = 6;
  repeated F fs = 7;
}
message B { int32 d = 1; int32 x = 2; }
message SampleMessage {
  oneof test_oneof {
    string name = 4;
    SubMessage sub_message = 9;
  }
}
message SubMessage { int32 a = 1; int32 b = 2; }`,
  }),
);
function descOf(name: string): DescMessage {
  const desc = registry.getMessage(`mask.v1.${name}`);
  if (desc === undefined) throw new Error(`no ${name}`);
  return desc;
}
const [ROOT, SAMPLE] = [descOf("Root"), descOf("SampleMessage")];

interface Case {
  readonly desc: DescMessage;
  readonly message: JsonValue;
  readonly paths: readonly string[];
  readonly expected: JsonValue;
}
const of = (desc: DescMessage, message: JsonValue, paths: string, expected: JsonValue): Case => ({
  desc,
  message,
  paths: paths.split(","),
  expected,
});

const WHOLE = { f: { a: 22, b: { d: 1, x: 2 }, y: 13 }, z: 8 };
/** Without fields of items and of values. */
const CASES: readonly Case[] = [
  of(ROOT, WHOLE, "f.a,f.b.d", { f: { a: 22, b: { d: 1 } } }),
  of(ROOT, WHOLE, "f.b", { f: { b: { d: 1, x: 2 } } }),
  of(ROOT, WHOLE, "f.b.*", { f: { b: { d: 1, x: 2 } } }),
  of(ROOT, WHOLE, "f.b.d,f.b,z", { f: { b: { d: 1, x: 2 } }, z: 8 }),
  of(ROOT, WHOLE, "f,f.b.d", { f: WHOLE.f }),
  of(ROOT, WHOLE, "*", WHOLE),
  of(ROOT, { z: 8 }, "f.b.d", {}),
  of(ROOT, { f: { y: 1 } }, "f.b.d", { f: {} }),
  of(ROOT, { f: { c: [1, 2] }, list: [{ a: 1 }, { y: 2 }] }, "list,f.c", {
    f: { c: [1, 2] },
    list: [{ a: 1 }, { y: 2 }],
  }),
  of(ROOT, { byName: { "a.b": { a: 1 } }, z: 1 }, "by_name.*", { byName: { "a.b": { a: 1 } } }),
  of(ROOT, { perhaps: "", z: 1 }, "maybe", { perhaps: "" }),
  of(ROOT, { z: 1 }, "maybe", {}),
  of(SAMPLE, { name: "a" }, "name", { name: "a" }),
  of(SAMPLE, { name: "a" }, "sub_message", {}),
  of(SAMPLE, { subMessage: { a: 1, b: 2 } }, "name,sub_message.a", { subMessage: { a: 1 } }),
];
const LIST: JsonValue[] = [{ a: 1, y: 2, bs: [{ d: 1, x: 2 }, {}] }, {}, { y: 3 }];
/** Fields of items and of values. */
const DEEPER: readonly Case[] = [
  of(ROOT, { list: LIST }, "list.a", { list: [{ a: 1 }, {}, {}] }),
  of(ROOT, { list: LIST, z: 1 }, "list.*.bs.x,list.*.y", { list: [{ y: 2, bs: [{ x: 2 }, {}] }, {}, { y: 3 }] }),
  of(ROOT, { byName: { "a.b": { a: 1, y: 2 }, "": { y: 3 } } }, "by_name.*.a", { byName: { "a.b": { a: 1 }, "": {} } }),
  of(ROOT, { byName: { x: { a: 1 } } }, "by_name.*.a,by_name", { byName: { x: { a: 1 } } }),
  of(ROOT, { byName: {}, z: 1 }, "by_name.*.a", {}),
  of(ROOT, { byBool: { true: { a: 1, y: 2 }, false: { y: 2 } } }, "by_bool.*.y", {
    byBool: { true: { y: 2 }, false: { y: 2 } },
  }),
  of(ROOT, { byNumber: { "-9007199254740993": { a: 1, y: 2 } } }, "by_number.*.*", {
    byNumber: { "-9007199254740993": { a: 1, y: 2 } },
  }),
  of(ROOT, { list: [{ byKey: { a: { d: 1, x: 2 } } }, { byKey: { b: { d: 3 } } }] }, "list.by_key.*.d", {
    list: [{ byKey: { a: { d: 1 } } }, { byKey: { b: { d: 3 } } }],
  }),
  of(ROOT, { list: [{ fs: [{ y: 1 }] }, { fs: [{ byKey: { b: { d: 3, x: 4 } } }] }] }, "list.fs.by_key.*.d", {
    list: [{ fs: [{}] }, { fs: [{ byKey: { b: { d: 3 } } }] }],
  }),
];

interface Trimmer {
  trimmed(desc: DescMessage, message: Uint8Array, paths: readonly string[]): Promise<Uint8Array>;
}
const bytesOf = ({ desc, message }: Case): Uint8Array => toBinary(desc, fromJson(desc, message));
async function agrees(trimmer: Trimmer, all: readonly Case[]): Promise<void> {
  // All requests precede the first answer.
  const trimmed = await Promise.all(all.map((of) => trimmer.trimmed(of.desc, bytesOf(of), of.paths)));
  expect(trimmed.map((bytes, i) => toJson(all[i]!.desc, fromBinary(all[i]!.desc, bytes)))).toEqual(
    all.map(({ expected }) => expected),
  );
}
const refusal = (trimmer: Trimmer, path: string): Promise<unknown> =>
  trimmer
    .trimmed(ROOT, bytesOf(of(ROOT, { list: [{ a: 1 }], byName: { a: { a: 1 } }, ...WHOLE }, "", {})), [path])
    .then(
      () => "none",
      (error: Error) => error.message,
    );

describe.skipIf(WITHOUT_JAVA)("protobuf-java's FieldMaskUtil", () => {
  const trimmer = new FieldMaskUtil();
  afterAll(() => trimmer.close());

  test("trims the documented cases", () => agrees(trimmer, CASES));
  test.each(["list.a", "list.*.a", "by_name.*.a", "by_name.a.a", "f.unknown", "z.a", "f.*.a", "perhaps"])(
    "refuses %s",
    async (path) => {
      expect(await refusal(trimmer, path)).toContain(`FieldMaskUtil refuses ${path}`);
      expect(await trimmer.isValid(ROOT, path)).toBe(false);
    },
  );
  test("has valid paths", async () => {
    expect(await Promise.all(["f.b.d", "list", "by_name", "maybe"].map((path) => trimmer.isValid(ROOT, path)))).toEqual(
      [true, true, true, true],
    );
  });
});

describe.skipIf(WITHOUT_GO)("fmutils", () => {
  const trimmer = new Fmutils();
  afterAll(() => trimmer.close());

  test("trims the documented cases", () => agrees(trimmer, CASES));
  test("trims items of lists and values of maps", () => agrees(trimmer, DEEPER));
  test.each([
    ["f.unknown", "mask.v1.F has no unknown"],
    ["z.a", "z of mask.v1.Root has no fields"],
    ["f.*.a", "mask.v1.F has no *"],
    ["list.0.a", "mask.v1.F has no 0"],
    ["by_name.a.a", "a is a key of by_name"],
    ["perhaps", "mask.v1.Root has no perhaps"],
  ])("refuses %s", async (path, text) => expect(await refusal(trimmer, path)).toBe(text));
});

test.skipIf(WITHOUT_JAVA || WITHOUT_GO)(
  `FieldMaskUtil and fmutils agree on ${COUNT} random messages and masks`,
  async () => {
    const seed = Number(seedOf("PROTOBFF_TRIMMED_SEED"));
    const desc: DescMessage = TestAllTypesSchema;
    const random = numbers(seed);
    const single = ({ fieldKind }: DescField): boolean => fieldKind === "message" || fieldKind === "scalar";
    const masks = fc.sample(anySelection(desc, single), { seed, numRuns: COUNT });
    const [java, go] = [new FieldMaskUtil(), new Fmutils()];
    let kept = 0;
    await Promise.all(
      masks.map(async ({ paths }) => {
        const message = randomMessage(desc, random);
        const bytes = toBinary(desc, message);
        const both = await Promise.all([java, go].map((trimmer) => trimmer.trimmed(desc, bytes, paths)));
        if (both[0]!.length > 0) kept++;
        // Each writes the fields in an order of its own; messages with NaN equal no other.
        const [ofJava, ofGo] = both.map((answer) => toBinary(desc, fromBinary(desc, answer)));
        expect(ofGo, `seed ${seed}: ${paths}`).toEqual(ofJava);
      }),
    );
    await Promise.all([java.close(), go.close()]);
    console.log(`seed ${seed}: ${COUNT} masks, ${kept} with a field that the message has`);
    expect(kept).toBeGreaterThan(COUNT / 2);
  },
  300_000,
);

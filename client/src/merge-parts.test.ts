import { TestAllTypesSchema as Proto3Schema } from "@bufbuild/cel-spec/cel/expr/conformance/proto3/test_all_types_pb.js";
import {
  create,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonValue,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { anyJson } from "../../test/features/rest/gateway/any-json.ts";
import { arrived, merged, mergedWith } from "./merge-parts.ts";

/** Of a google.protobuf.Any the generator says types that this one does not know. */
function withoutAny(json: JsonValue): JsonValue | undefined {
  if (typeof json !== "object" || json === null) return json;
  if ("@type" in json) return undefined;
  if (Array.isArray(json)) return json.map(withoutAny).filter((value) => value !== undefined);
  const all = Object.entries(json).map(([name, value]) => [name, withoutAny(value)] as const);
  return Object.fromEntries(all.filter(([, value]) => value !== undefined)) as JsonValue;
}

test("merging equals decoding the concatenated bytes", () => {
  const desc: DescMessage = Proto3Schema;
  const any = anyJson(desc).map((json) => fromJson(desc, (withoutAny(json as JsonValue) ?? {}) as JsonValue));
  fc.assert(
    fc.property(any, any, (whole, part) => {
      const [wholeBytes, partBytes] = [toBinary(desc, whole), toBinary(desc, part)];
      const expected = fromBinary(desc, Buffer.concat([wholeBytes, partBytes]));
      expect(toBinary(desc, mergedWith(desc, whole, part))).toEqual(toBinary(desc, expected));
      // Neither was changed.
      expect([toBinary(desc, whole), toBinary(desc, part)]).toEqual([wholeBytes, partBytes]);
    }),
    { numRuns: 300 },
  );
});

test("unchanged parts keep their objects", async () => {
  type Shape = MessageShape<typeof Proto3Schema>;
  async function* parts(): AsyncGenerator<Shape> {
    yield create(Proto3Schema, { singleInt32: 1, standaloneMessage: { bb: 1 }, repeatedString: ["a"] });
    yield create(Proto3Schema, { singleInt32: 2 });
    yield create(Proto3Schema, { repeatedString: ["b"] });
  }
  const all: Shape[] = [];
  for await (const message of merged(Proto3Schema, parts())) all.push(message);
  expect(all.map(({ singleInt32, repeatedString }) => [singleInt32, repeatedString])).toEqual([
    [1, ["a"]],
    [2, ["a"]],
    [2, ["a", "b"]],
  ]);
  expect(new Set(all).size).toBe(3);
  expect(all[2]?.standaloneMessage).toBe(all[0]?.standaloneMessage);
  expect(all[1]?.repeatedString).toBe(all[0]?.repeatedString);
});

test("the arrival of a part is known by its declared name", () => {
  const PAGE_PARTS = ["facts", "card.maker"] as const;
  const page = { parts: [{ name: "card.maker" }] };
  expect(arrived(page, "card.maker", PAGE_PARTS)).toBe(true);
  expect(arrived(page, "facts", PAGE_PARTS)).toBe(false);
  expect(arrived(page, "whatever")).toBe(false);
  // @ts-expect-error there is no such part
  expect(arrived(page, "fact", PAGE_PARTS)).toBe(false);
});

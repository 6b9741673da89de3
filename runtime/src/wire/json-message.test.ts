import { createRegistry, fromJsonString } from "@bufbuild/protobuf";
import { AnySchema, FieldMaskSchema, StructSchema, ValueSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { fromJsonText } from "./json-message.ts";

const registry = createRegistry(AnySchema, FieldMaskSchema, StructSchema, ValueSchema);
const OPTIONS = { registry, ignoreUnknownFields: true };

function outcome(read: () => unknown): unknown {
  try {
    return read();
  } catch (thrown) {
    return String(thrown);
  }
}
function expectAlike(text: string): void {
  for (const desc of [ValueSchema, AnySchema]) {
    expect(outcome(() => fromJsonText(desc, text, OPTIONS))).toEqual(
      outcome(() => fromJsonString(desc, text, OPTIONS)),
    );
  }
}

test.each([
  "",
  "null",
  "1",
  '"a:b"',
  "[]",
  "{}",
  '{"a":1,"a":2}',
  '{"a":{"b":1,"c":{"d":1,"d":1}}}',
  '[{"a":1},{"a":1}]',
  '{"a":1,"\\u0061":2}',
  '{"a\\":":1,"b":":"}',
  '{"\\\\":":","\\\\\\"":"\\\\"}',
  '{"a":"\\\\","a":":"}',
  '{"__proto__":1,"constructor":2,"0":3}',
  '{"__proto__":1,"__proto__":2}',
  ' { "a" : [ true , null , { "b" : ":" } ] } ',
  '{"a":1',
  '{"é":"漢:\\"","漢":2}',
  '{"@type":"type.googleapis.com/google.protobuf.Value","value":{"a":1,"a":1}}',
])("%s is parsed as by protobuf-es", expectAlike);

const textOf = (...units: string[]) =>
  fc.string({ unit: fc.constantFrom(...units), maxLength: 3 }).map((text) => JSON.stringify(text));

/**
 * JSON of a few characters, so that names are repeated. No name has an escape: V8 mixes these up
 * (docs/reports/v8-json-keys.md).
 */
const texts = fc.letrec<{ value: string; string: string; name: string }>((tie) => ({
  string: textOf("a", ":", '"', "\\", "é", "{"),
  name: textOf("a", ":", "é", "{"),
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom("1", "true", "null"),
    tie("string"),
    fc.array(tie("value"), { maxLength: 3 }).map((items) => `[${items.join()}]`),
    fc
      .array(fc.tuple(tie("name"), tie("value")), { maxLength: 3 })
      .map((members) => `{${members.map(([name, value]) => `${name}: ${value}`).join()}}`),
  ),
})).value;

test("random JSON is parsed as by protobuf-es", () => {
  fc.assert(fc.property(texts, expectAlike), { numRuns: 2000 });
});

test("a text is not scanned character by character", () => {
  const charCodeAt = vi.spyOn(String.prototype, "charCodeAt");
  fromJsonText(ValueSchema, `{"a":"${"x:".repeat(100_000)}","b":1${" ".repeat(100_000)}}`, OPTIONS);
  expect(charCodeAt.mock.calls.length).toBeLessThan(100);
  charCodeAt.mockRestore();
});

test("deep nesting uses no stack, and is refused", () => {
  const text = `${'{"a":'.repeat(200_000)}1${"}".repeat(200_000)}`;
  expect(() => fromJsonText(ValueSchema, text, OPTIONS)).toThrow(/recursion/);
});

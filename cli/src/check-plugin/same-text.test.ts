import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileOptionsSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { sameText } from "./check.ts";

/** A file with one option, a message with these fields in this order. */
function file(fields: readonly (readonly [number, string])[], column = 1): FileDescriptorProto {
  const inner = new BinaryWriter();
  for (const [no, text] of fields) inner.tag(no, WireType.LengthDelimited).string(text);
  const data = new BinaryWriter().bytes(inner.finish()).finish();
  const options = create(FileOptionsSchema);
  options.$unknown = [{ no: 1250, wireType: WireType.LengthDelimited, data }];
  return create(FileDescriptorProtoSchema, {
    name: "a.proto",
    options,
    sourceCodeInfo: { location: [{ path: [8], span: [1, column, 9] }] },
  });
}

test("the order of an option's fields is ignored; their text and position are compared", () => {
  const original = file([
    [1, "user"],
    [2, "by"],
  ]);
  const turned = file([
    [2, "by"],
    [1, "user"],
  ]);
  expect(Buffer.from(toBinary(FileDescriptorProtoSchema, original))).not.toEqual(
    Buffer.from(toBinary(FileDescriptorProtoSchema, turned)),
  );
  expect(sameText(original, turned)).toBe(true);
  expect(
    sameText(original, { ...turned, $unknown: [{ no: 8042, wireType: WireType.Varint, data: new Uint8Array([1]) }] }),
  ).toBe(true);
  const other = [
    file([
      [1, "usre"],
      [2, "by"],
    ]),
    file([
      [1, "by"],
      [2, "user"],
    ]),
    file(
      [
        [1, "user"],
        [2, "by"],
      ],
      2,
    ),
  ];
  for (const different of other) expect(sameText(original, different)).toBe(false);
});

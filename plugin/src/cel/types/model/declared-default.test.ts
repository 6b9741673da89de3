import { describe, expect, test } from "vitest";

import { requestFor, schemaOf } from "../../../../../test/support/request.ts";
import { declaredDefault, isMisread } from "./declared-default.ts";

const hex = (...bytes: number[]): string => Buffer.from(bytes).toString("hex");

/** Literals of proto files, and the bytes that the language specification gives them. */
const LITERALS: readonly (readonly [literal: string, bytes: string, misread: boolean])[] = [
  [`"plain"`, Buffer.from("plain").toString("hex"), false],
  [String.raw`"a\nb\r\t"`, hex(97, 10, 98, 13, 9), false],
  [String.raw`"say \"x\""`, Buffer.from('say "x"').toString("hex"), true],
  [String.raw`'it\'s'`, Buffer.from("it's").toString("hex"), true],
  [String.raw`"\\n"`, Buffer.from("\\n").toString("hex"), false],
  [String.raw`"\0\1\377"`, hex(0, 1, 255), false],
  [String.raw`"\0017"`, hex(1, 55), false],
  [String.raw`"\x41\xfe\xff"`, hex(65, 254, 255), false],
  [String.raw`"\a\b\f\v\?"`, hex(7, 8, 12, 11, 63), false],
  [`"é"`, Buffer.from("é").toString("hex"), false],
  [String.raw`"\u00e9"`, Buffer.from("é").toString("hex"), false],
];

describe.each([
  ["proto2", 'syntax = "proto2";', "optional bytes"],
  ["an edition", 'edition = "2023";', "bytes"],
])("a default of bytes in %s", (_, syntax, type) => {
  const rows = LITERALS.map(([literal], i) => `${type} f${i} = ${i + 1} [default = ${literal}];`);
  const text = `${syntax}\npackage p.v1;\nmessage M {\n${rows.join("\n")}\n${type} none = 99;\n}\n`;
  const message = schemaOf(requestFor({ "p/v1/p.proto": text })).registry.getMessage("p.v1.M")!;
  test.each(LITERALS.map((row, i) => [...row, i] as const))("%s", (_, bytes, misread, i) => {
    const field = message.fields[i]!;
    expect(Buffer.from(declaredDefault(field) as Uint8Array).toString("hex")).toBe(bytes);
    expect(isMisread(field)).toBe(misread);
  });
  test("a field without one has none", () => {
    const field = message.field.none!;
    expect([declaredDefault(field), isMisread(field)]).toEqual([undefined, false]);
  });
});

test.each([
  [String.raw`\a\?\"\'`, hex(7, 63, 34, 39)],
  [String.raw`\1\18\x7\X7g`, hex(1, 1, 56, 7, 7, 103)],
])("a compiler's escapes %s", (text, bytes) => {
  const request = requestFor({
    "p/v1/p.proto": 'syntax = "proto2";\npackage p.v1;\nmessage M { optional bytes f = 1; }\n',
  });
  for (const { messageType } of request.protoFile)
    for (const { name, field } of messageType) if (name === "M") field[0]!.defaultValue = text;
  const field = schemaOf(request).registry.getMessage("p.v1.M")!.fields[0]!;
  expect(Buffer.from(declaredDefault(field) as Uint8Array).toString("hex")).toBe(bytes);
});

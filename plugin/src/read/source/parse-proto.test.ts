import { expect, test } from "vitest";
import { parseProto } from "./parse-proto.ts";
import { elementsOf } from "./tree.ts";

/** The elements of a file with their options, as `kind name (option).path`. */
const elements = (text: string): readonly string[] =>
  [...elementsOf(parseProto(text).file)]
    .filter(({ kind }) => kind !== "file")
    .map(({ kind, name, options }) =>
      [
        `${kind} ${name}`,
        ...options.map(({ extension, path }) => [`(${extension})`, ...path.map(({ text }) => text)].join(".")),
      ].join(" "),
    );

test.each([
  [
    "types in packages with the name of a keyword",
    "message M { service.v1.A a = 1; rpc.Status b = 2; }",
    "field M.a, field M.b",
  ],
  ["an rpc with such a type", "service S { rpc Get(rpc.v1.A) returns (stream rpc.v1.B); }", "rpc S.Get"],
  [
    "values named by keywords",
    "enum E { message = 0; rpc = 1; extend = 2; extensions = 3; oneof = 4; }",
    "enum_value E.oneof",
  ],
  [
    "a oneof and its members",
    "message M { oneof o { option (x) = 1; A a = 1 [(y) = 2]; } A b = 2; }",
    "field M.a (y), oneof M.o (x), field M.b",
  ],
  [
    "a group",
    "message M { optional group Part = 1 [(x) = 2] { string a = 1; } string b = 2; }",
    "field M.part (x), message M.Part, field M.Part.a, field M.b",
  ],
  [
    "fields of an extend",
    "extend A { string a = 1 [(x).y = 2]; } message M { extend A { B b = 2; } }",
    "field a (x).y, message M, field M.b",
  ],
  [
    "ranges with options",
    "message M { extensions 9 to max [(x) = { a: 1 }, verification = DECLARATION]; A max = 1; }",
    "field M.max",
  ],
  [
    "reserved names",
    'message M { reserved "a", "b"; reserved c; reserved 5 to 7; A c = 1 [(x) = 1]; }',
    "field M.c (x)",
  ],
  ["visibility", "export message M { local enum E { A = 0; } }", "message M, enum M.E, enum_value M.E.A"],
  ["paths through extensions", "option (.a.b).c.(d.e).f = 1; message M {}", "message M"],
])("%s", (_, text, expected) => {
  expect(elements(text).join(", ")).toContain(expected);
});

test("names of extensions in options and values are whole", () => {
  const [option] = parseProto("option (.a.b).c.( d.e ) = { [f.g/h] { i: 1 } j: -inf };").file.options;
  const value = option?.value;
  expect([option?.extension, option?.path.map(({ text }) => text)]).toEqual([".a.b", ["c", "(d.e)"]]);
  expect(value?.kind === "message" && value.fields.map(({ key }) => key.text)).toEqual(["[f.g/h]", "j"]);
});

// Goldens are read and written back as they are, and a slip in an archive is an error.
import { expect, test } from "vitest";
import { allFrames, filesOf, parseArchive, printArchive, sectionOf } from "./archive.ts";
import { applyChange } from "./change.ts";
import { fold, unfold } from "./folded-json.ts";

const ARCHIVE = `about this
-- frame/get --
message Get {}
-- odd/proto/a.proto --
// frame: head get

message A {}
-- odd/right/a.proto.diff --
-message A {}
+message B {}
-- odd/a.json.folded --
{ "a": [ 1, 2 ] }
`;
const read = (text: string) => Object.fromEntries(filesOf(parseArchive(text), { head: 'syntax = "proto3";\n' }));

test("an archive contains its files, with frames, changes and JSON expanded", () => {
  expect(printArchive(parseArchive(ARCHIVE))).toBe(ARCHIVE);
  const proto = 'syntax = "proto3";\n\nmessage Get {}\n\nmessage A {}\n';
  expect(read(ARCHIVE)).toEqual({
    "odd/proto/a.proto": proto,
    "odd/right/a.proto": proto.replace("A", "B"),
    "odd/a.json": '{\n  "a": [\n    1,\n    2\n  ]\n}\n',
  });
});

test.each([
  ["an unknown frame", ARCHIVE.replace("head get", "heads get"), 'there is no frame "heads"'],
  ["lines that are not there", ARCHIVE.replace("-message A", "-message C"), "there are no lines to change"],
  ["a line without a mark", ARCHIVE.replace("+message", "message"), 'begins with neither "-", "+" nor a space'],
  ["a change of nothing", ARCHIVE.replace("right/a.", "right/b."), "changes a file that does not stand before it"],
  ["a file twice", `${ARCHIVE}-- odd/a.json --\n`, "stands twice"],
])("%s is an error", (_, text, error) => {
  expect(() => read(text)).toThrow(error);
});

test("each hunk of a change applies to the first match after the hunk before", () => {
  const base = "a\nb\nc\nb\nd\n";
  expect(applyChange(base, "-b\n+x\n")).toBe("a\nx\nc\nb\nd\n");
  expect(applyChange(base, " c\n-b\n+x\n@@\n d\n+y\n")).toBe("a\nb\nc\nx\nd\ny\n");
  expect(() => applyChange(base, "-d\n@@\n-a\n")).toThrow("there are no lines to change");
});

test("emitted code refers to the frames that it contains", () => {
  const policies = allFrames()["emitted/policies"] ?? "";
  const text = `const A = 1;\n\n${policies}\nconst B = 2;\n`;
  const section = sectionOf("expected/a.ts", text);
  expect(section.text).toBe("const A = 1;\n\n// frame: emitted/policies\n\nconst B = 2;\n");
  expect(filesOf([section], allFrames()).get("expected/a.ts")).toBe(text);
});

test("JSON is folded only if the original can be restored", () => {
  const text = '{\n  "a": {},\n  "b": [\n    true\n  ],\n  "c": ["x",{"y":1}],\n  "d": "{ \\"e\\": [ 1 ] }"\n}\n';
  expect(fold(text)).toBe('{ "a": {}, "b": [ true ], "c": ["x",{"y":1}], "d": "{ \\"e\\": [ 1 ] }" }\n');
  expect(unfold(fold(text) ?? "")).toBe(text);
  expect(fold('{"a": 1}\n')).toBe(undefined);
  expect(fold("{")).toBe(undefined);
});

test("folded JSON has as many members on a line as fit", () => {
  const long = `${JSON.stringify({ a: "x".repeat(80), b: 1, c: [2], d: { e: "y".repeat(100), f: 3 }, g: 4 }, null, 2)}\n`;
  const folded = [
    "{",
    `  "a": "${"x".repeat(80)}", "b": 1, "c": [ 2 ],`,
    '  "d": {',
    `    "e": "${"y".repeat(100)}", "f": 3`,
    "  },",
    '  "g": 4',
    "}\n",
  ].join("\n");
  expect(fold(long)).toBe(folded);
  expect(unfold(folded)).toBe(long);
});

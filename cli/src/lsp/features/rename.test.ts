// Renames of functions, with their members in TypeScript.
import { expect, test } from "vitest";
import { programOf } from "../testing/programs.ts";
import { prepareRename, rename } from "./rename.ts";

const UP = `syntax = "proto3";
package up.v1;
service Up { rpc Get(GetRequest) returns (Item) { option idempotency_level = NO_SIDE_EFFECTS; } }
message GetRequest { string id = 1; }
message Item { string title = 1; }
`;
const APP = `syntax = "proto3";
package app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "up/v1/up.proto";
option (bff.v1.file) = {
  function: { name: "slug.of" param: ["string"] result: "string" }
  function: { name: "text.cut" param: ["string"] result: "string" }
};
service App {
  option (bff.v1.service) = {};
  rpc GetPage(PageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message PageRequest { string id = 1; }
message Page {
  option (bff.v1.message) = {
    let: { name: "item" supplementary: true call: { method: "up.v1.Up/Get" set: { name: "id" by: "args.id" } timeout: "50ms" } }
  };
  optional string title = 1 [(bff.v1.field).by = "slug.of(text.cut(item.title))"];
  optional string path = 2 [(bff.v1.field).by = "'/' + slug.of(item.title)"];
  string author = 3 [(bff.v1.field).resolver = true];
  repeated bff.v1.Degradation degraded = 15;
}
`;
const FUNCTIONS = `function slugOf(text: string): string { return text; }
export const functions = {
  slugOf,
  textCut: (text) => text.slice(1),
} satisfies AppFunctions;
`;
const program = programOf({ "app/v1/app.proto": APP, "up/v1/up.proto": UP });

interface Ranged {
  readonly range: { readonly start: Place; readonly end: Place };
  readonly newText: string;
}
interface Place {
  readonly line: number;
  readonly character: number;
}

function edited(text: string, edits: readonly Ranged[]): string {
  const offset = ({ line, character }: Place) =>
    text
      .split("\n")
      .slice(0, line)
      .reduce((sum, each) => sum + each.length + 1, character);
  return edits
    .toSorted((a, b) => offset(b.range.start) - offset(a.range.start))
    .reduce(
      (all, { range, newText }) => all.slice(0, offset(range.start)) + newText + all.slice(offset(range.end)),
      text,
    );
}

function fileOfApp() {
  const file = program.files("app/v1/app.proto");
  if (file === undefined) throw new Error("the file is missing");
  return file;
}

type Files = Readonly<Record<string, string>>;

function renamed(at: string, name: string, modules: Files = { "functions.ts": FUNCTIONS }): Files {
  const { changes = {} } = rename(program, fileOfApp(), APP.indexOf(at) + 2, name, {
    isChanged: () => false,
    modulesWith: (word) =>
      Object.entries(modules).flatMap(([path, text]) =>
        text.includes(word) ? [{ uri: `file:///src/${path}`, text }] : [],
      ),
  });
  const typescript = Object.entries(modules).map(
    ([path, text]) => [path, edited(text, changes[`file:///src/${path}`] ?? [])] as const,
  );
  return { app: edited(APP, changes["file:///app/v1/app.proto"] ?? []), ...Object.fromEntries(typescript) };
}

test.each([
  ["at its declaration", '"slug.of"'],
  ["at a call", "slug.of(text"],
])("a function is renamed in the proto and in TypeScript, %s", (_, at) => {
  const { app = "", ...modules } = renamed(at, "slug.by_name");
  expect(app).toBe(APP.replaceAll("slug.of", "slug.by_name"));
  expect(modules).toEqual({ "functions.ts": FUNCTIONS.replace("  slugOf,", "  slugByName: slugOf,") });
  const after = programOf({ "app/v1/app.proto": app, "up/v1/up.proto": UP });
  expect(after.analysis.diagnostics).toEqual([]);
  const names = after.analysis.plan?.files.flatMap(({ functions }) => functions.map(({ name }) => name));
  expect(names).toContain("slugByName");
});

test("the key of an entry is renamed, and its definition stays", () => {
  expect(renamed('"text.cut"', "text.tail")["functions.ts"]).toBe(FUNCTIONS.replace("textCut:", "textTail:"));
});

test("the range of a rename is the name without quotes", () => {
  const found = prepareRename(program, fileOfApp(), APP.indexOf('"slug.of"') + 3);
  expect(found.placeholder).toBe("slug.of");
  const step = prepareRename(program, fileOfApp(), APP.indexOf("item.title))") + 1);
  expect(step.placeholder).toBe("item");
});

const CALL = "import type { AppFunctions } from './app_bff.ts';\nexport const a = (f: AppFunctions) => f.slugOf('');\n";

test.each([
  ["an invalid name", "slug", {}, /not a valid name of a function: it has no dot: write a namespace before it/],
  ["a name of the library", "math.of", {}, /"math" already has a meaning in expressions/],
  ["the name of another function", "text.cut", {}, /there is a "text.cut" already/],
  ["a member that two functions would share", "text_.cut", {}, /several functions share the name of a member/],
  ["the name of a step", "item.of", {}, /"item" has a meaning in an expression/],
  ["a call in TypeScript", "slug.by", { "calls.ts": CALL }, /`slugOf` may be read at calls.ts:2: rename `slugOf` to/],
  ["a second definition", "slug.by", { "b.ts": FUNCTIONS }, /are defined at functions.ts:3 and b.ts:3/],
  [
    "a definition with the new name",
    "slug.by",
    { "b.ts": FUNCTIONS.replaceAll("slugOf", "slugBy") },
    /are defined at functions.ts:3 and b.ts:3: rename `slugOf` to `slugBy` in TypeScript first/,
  ],
  ["no definition", "slug.by", { "functions.ts": "" }, /no definition of `slugOf` is found: rename `slugOf` to/],
])("%s", (_, name, modules, message) => {
  expect(() => renamed('"slug.of"', name, { "functions.ts": FUNCTIONS, ...modules })).toThrow(message);
});

test("a member that was renamed in TypeScript first is left alone", () => {
  const before = FUNCTIONS.replace("  slugOf,", "  slugBy: slugOf,");
  expect(renamed('"slug.of"', "slug.by", { "functions.ts": before })["functions.ts"]).toBe(before);
});

test.each([
  ["author = 3", /the resolver `pageAuthor` has the name of an element of the API/],
  ["message Page {", /only steps and functions can be renamed here/],
])("%s is refused before a name is typed", (at, message) => {
  const offset = APP.indexOf(at) + (at.startsWith("message") ? 9 : 2);
  expect(() => prepareRename(program, fileOfApp(), offset)).toThrow(message);
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { uriOf } from "./compiled-texts.ts";
import { memberPlaces } from "./member-places.ts";

test("members are found in modules with a type of resolvers, not in generated code or packages", () => {
  const root = mkdtempSync(join(tmpdir(), "protobff-resolvers-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const write = (path: string, text: string): void => {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const module =
    "export const resolvers = {\n  pageTitle: () => 'a',\n  async pageText() {},\n} satisfies WebResolvers;\n";
  write("src/resolvers.ts", module);
  write("src/calls.ts", "const { pageTitle } = functions satisfies WebFunctions;\nexport const a = pageTitle();\n");
  write("src/other.ts", "export const other = {\n  pageTitle: 1,\n};\n");
  write("gen/web_bff.ts", module);
  write("node_modules/x/resolvers.ts", module);
  const uri = uriOf(join(root, "src/resolvers.ts"));
  expect(memberPlaces(root, "pageTitle", "declarations")).toEqual([
    { uri, range: { start: { line: 1, character: 2 }, end: { line: 1, character: 11 } } },
  ]);
  const uses = memberPlaces(root, "pageTitle", "uses").map(({ uri, range: { start } }) => `${uri}:${start.line}`);
  const calls = uriOf(join(root, "src/calls.ts"));
  expect(uses.sort()).toEqual([`${calls}:0`, `${calls}:1`, `${uri}:1`]);
  expect(memberPlaces(root, "pageText", "declarations").map(({ range }) => range.start)).toEqual([
    { line: 2, character: 8 },
  ]);
  expect(memberPlaces(join(root, "missing"), "pageTitle", "uses")).toEqual([]);
});

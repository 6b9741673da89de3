import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { uriOf } from "./compiled-texts.ts";
import { modulesWith } from "./modules.ts";

test("a word is found in modules with a type of resolvers, not in generated code or packages", () => {
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
  const paths = (word: string) => modulesWith(root, word).map(({ uri }) => uri);
  const [resolvers, calls] = ["src/resolvers.ts", "src/calls.ts"].map((path) => uriOf(join(root, path)));
  expect(paths("pageTitle").sort()).toEqual([calls, resolvers]);
  expect(paths("pageText")).toEqual([resolvers]);
  expect(paths("page")).toEqual([]);
  expect(modulesWith(join(root, "missing"), "pageTitle")).toEqual([]);
});

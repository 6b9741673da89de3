// The patterns of prose.ts in texts that commands, servers and generated files print: string literals of several words.
import { ts } from "ts-morph";
import { describe, expect, test } from "vitest";
import { patternsOf, sentencesOf } from "./prose.ts";
import { literalText } from "./prose-titles.ts";
import { type Source, sources } from "./shapes.ts";

const FOLDERS = [
  "cli",
  "packages/replay",
  "packages/server",
  "packages/testing",
  "plugin/src/command",
  "plugin/src/dashboards",
  "plugin/src/deploy",
  "plugin/src/emit",
  "plugin/src/openapi",
  "plugin/src/report",
  "runtime",
];

/** Returns the texts of a source file in which each interpolated value is one word of code. */
function textsOf({ path, text }: Source): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) return;
    found.push(...literalText(node));
    if (ts.isJsxText(node)) found.push(node.text.replaceAll(/\s+/g, " "));
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false));
  return found.filter((text) => /[a-z]+ [a-z]+/i.test(text));
}

/** Returns a line without the marks of a comment in a generated file. */
const withoutMarks = (line: string): string => line.replace(/^\s*(?:\/\*\*|\/\/|\*|#)\s*(?:-+ )?| \*\/$/g, "");

const findingsIn = (source: Source): string[] =>
  textsOf(source)
    .flatMap((text) => text.split("\n").map(withoutMarks).flatMap(sentencesOf))
    .filter((sentence) => patternsOf(sentence).length > 0)
    .map((sentence) => `${source.path}: ${sentence}`);

describe("texts that people read", () => {
  test("are literals, templates and JSX, but no module names", () => {
    const text = `import 'who is here'; const a = 'It is told.'; const b = \`Who \${a} is.\`; const c = <p>Of a p</p>; const d = "/** What is told. */";`;
    const found = ["It is told.", "Who x is.", "Of a p", "What is told."];
    expect(findingsIn({ path: "a.tsx", text })).toEqual(found.map((sentence) => `a.tsx: ${sentence}`));
  });
  test.each(FOLDERS)("texts of %s have none of the patterns", (folder) => {
    expect(sources(folder).flatMap(findingsIn)).toEqual([]);
  });
});

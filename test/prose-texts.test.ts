// The patterns of prose.ts in texts that commands, servers and generated files print: string literals of several words.
import { ts } from "ts-morph";
import { describe, expect, test } from "vitest";
import { patternsOf, sentencesOf } from "./support/prose.ts";
import { literalText } from "./support/prose-titles.ts";
import { type Source, sources } from "./support/shapes.ts";

/** Maximum number of findings by folder; a figure only falls. Those of runtime are SQL and Lua. */
const MOST: Readonly<Record<string, number>> = {
  cli: 0,
  "packages/http2": 0,
  "packages/server": 8,
  "packages/testing": 0,
  "plugin/src/command": 1,
  "plugin/src/dashboards": 2,
  "plugin/src/deploy": 2,
  "plugin/src/openapi": 0,
  "plugin/src/report": 6,
  runtime: 7,
};

/** Returns the texts of a source file in which each interpolated value is one word of code. */
function textsOf({ path, text }: Source): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) return;
    found.push(...literalText(node));
    if (ts.isJsxText(node)) found.push(node.text.replaceAll(/\s+/g, " "));
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  return found.filter((one) => /[a-z]+ [a-z]+/i.test(one));
}

const findingsIn = (source: Source): string[] =>
  textsOf(source)
    .flatMap((text) => text.split("\n").flatMap(sentencesOf))
    .filter((sentence) => patternsOf(sentence).length > 0)
    .map((sentence) => `${source.path}: ${sentence}`);

describe("texts that people read", () => {
  test("are literals, templates and JSX, but no module names", () => {
    const text = `import 'who is here'; const a = 'It is told.'; const b = \`Who \${a} is.\`; const c = <p>Of a p</p>;`;
    expect(findingsIn({ path: "a.tsx", text })).toEqual(["a.tsx: It is told.", "a.tsx: Who x is.", "a.tsx: Of a p"]);
  });
  test.each(Object.entries(MOST))("texts of %s have at most %i findings", (folder, most) => {
    const findings = sources(folder).flatMap(findingsIn);
    expect(findings.length, findings.join("\n")).toBeLessThanOrEqual(most);
  });
});

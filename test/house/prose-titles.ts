// Patterns of prose.ts in the titles of tests, as literals in `test`, `it` and `describe` have them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ts } from "ts-morph";
import { filesBelow } from "../support/files-below.ts";
import { LONG_SENTENCE, patternsOf, wordsOf } from "./prose.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const SKIPPED = /(^|\/)(node_modules|dist|gen|generated|\.generated)\//;
const MAX_TITLE_WORDS = 25;
const HEADLESS = /^(?:What|Who|Whoever|Whose|Where|How|Of|That|And|But|So|Nor)\b/i;

/** Returns the literal titles of a source; `${…}` in a title counts as one word. */
export function titlesOf(source: string): string[] {
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^(?:test|it|describe)\b/.test(node.expression.getText())) {
      const [title, body] = node.arguments;
      const isTable = /\.(?:each|for|skipIf|runIf)$/.test(node.expression.getText());
      if (title !== undefined && body !== undefined && !isTable) titles.push(...literalText(title));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("a.tsx", source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX));
  return titles;
}

/** Returns the text of a literal or a template, in which each interpolated value is the word `x`; none for other nodes. */
export function literalText(node: ts.Node): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (!ts.isTemplateExpression(node)) return [];
  return [node.head.text + node.templateSpans.map(({ literal }) => `x${literal.text}`).join("")];
}

/** Returns the patterns that a title has, read as one sentence. */
export function patternsOfTitle(title: string): string[] {
  const sentence = title.replace(/^\p{Ll}/u, (letter) => letter.toUpperCase());
  return [
    ...patternsOf(sentence),
    ...(HEADLESS.test(title) && patternsOf(sentence).length === 0 ? ["begins without a noun or a verb"] : []),
    ...(wordsOf(title) > MAX_TITLE_WORDS ? [LONG_SENTENCE] : []),
  ];
}

/** Returns the titles with a pattern in the tests below a folder, each with its file. */
export function titleFindings(folder: string): string[] {
  return filesBelow(folder)
    .filter((path) => /\.test\.tsx?$/.test(path) && !SKIPPED.test(path))
    .sort()
    .flatMap((path) =>
      titlesOf(readFileSync(join(root, path), "utf8"))
        .filter((title) => patternsOfTitle(title).length > 0)
        .map((title) => `${path}: ${title}`),
    );
}

import fc from "fast-check";
import { marked, type Tokens } from "marked";
import { describe, expect, test } from "vitest";
import { type Finding, phrase } from "./finding.ts";
import { linesOf, markdownOf } from "./markdown.ts";

const finding = (text: string): Finding => ({
  kind: "values",
  level: "different",
  where: ["A.b"],
  message: phrase`has another ${"value"}`,
  before: phrase`${text}`,
  after: ["none"],
});
/** The cells of the only row, as a reader of Markdown has them. */
function cells(markdown: string): Tokens.TableCell[] {
  const table = marked.lexer(markdown).find((token): token is Tokens.Table => token.type === "table");
  expect(table?.rows.length).toBe(1);
  return table?.rows[0] ?? [];
}
const NAMED: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', amp: "&" };
const shown = (html: string): string =>
  html
    .replace(/^<code>|<\/code>$/g, "")
    .replace(/&(?:#(\d+)|(\w+));/g, (_, sign, name) => NAMED[name] ?? String.fromCodePoint(Number(sign)));

describe("Markdown", () => {
  test("every compared text stays in its cell, unchanged", () => {
    const signs = fc.constantFrom(
      ..."|\\`<>*_[]()!#@&~ax \n\t'\"$".split(""),
      "<b>",
      "-->",
      "&lt;",
      "```",
      "https://x.y",
      "\\|",
    );
    fc.assert(
      fc.property(
        fc.array(signs, { maxLength: 12 }).map((all) => all.join("")),
        (text) => {
          const [, , before, after, ...more] = cells(markdownOf([finding(text)], "main"));
          expect(more).toEqual([]);
          expect(after?.text).toBe("none");
          const html = marked.parseInline(before?.text ?? "", { async: false });
          expect(html).toMatch(/^<code>[^<]*<\/code>$/);
          const flat = text.replace(/\s+/g, " ");
          if (flat.trim() !== "") expect(shown(html)).toBe(flat);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("the table fits into a comment, and counts the omitted rows", () => {
    const many = Array.from({ length: 5_000 }, (_, i) => finding(`${i}`));
    const markdown = markdownOf(many, "main");
    expect(markdown.length).toBeLessThan(62_000);
    const rows = markdown.split("\n").filter((line) => line.startsWith("| **")).length;
    expect(rows).toBeGreaterThan(100);
    expect(markdown).toContain(
      `… and ${5_000 - rows} more: \`protobff diff\` on your machine shows all with \`--format=text\`.`,
    );
    expect(linesOf(many).length).toBe(5_000);
  });

  test("a long text is shortened", () => {
    const [, , before] = cells(markdownOf([finding("x".repeat(10_000))], "main"));
    expect(before?.text).toBe(`\`${"x".repeat(240)}…\``);
  });
});

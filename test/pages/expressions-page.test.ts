// docs/expressions.md: its examples are true, and it leaves no function out.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { MACROS } from "../../plugin/src/cel/syntax/macros.ts";
import { compiled } from "../../plugin/src/cel/testing/both-ways.ts";
import { functionNames } from "../../plugin/src/cel/types/functions/signatures.ts";

const page = readFileSync(resolve(import.meta.dirname, "../../docs/expressions.md"), "utf8");

/** The cells of the column "example" of all tables. */
function examples(): string[] {
  const found: string[] = [];
  let column = -1;
  for (const line of page.split("\n")) {
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    if (!line.startsWith("|")) column = -1;
    else if (column === -1) column = cells.indexOf("example");
    else if (column > 0 && !/^-+$/.test(cells[column] ?? "")) found.push(cells[column] ?? "");
    if (column === -1 && line.startsWith("|")) column = -2;
  }
  return found;
}

it.each(examples())("%s", (cell) => {
  const [, code] = /^`(.+)`$/.exec(cell) ?? [];
  expect(code, "an example is code").toBeDefined();
  expect(compiled((code ?? "").replaceAll("\\|", "|"), {})?.value).toBe(true);
});

it("the page names every function and macro", () => {
  const names = [...functionNames(), ...MACROS, "hasValue", "value", "or", "orValue"];
  const missing = names.filter((name) => !new RegExp(`[.\`(]${name.replaceAll(".", "\\.")}\\(`).test(page));
  expect(missing).toEqual([]);
});

// Macros over items that may lack a field: one such item leaves the whole result missing.

import type { DescField } from "@bufbuild/protobuf";
import { childrenOf, type Expression, type Node } from "../../cel/index.ts";
import { caution, type Report } from "../../diagnostic/diagnostic.ts";
import { declarationOf, EMPTY, safeRead } from "../../resolve/model/missing/missing-hints.ts";
import type { Model } from "../../resolve/model/model.ts";
import { type Check, namedExpressions } from "../check.ts";

export const missingItems: Check = {
  rules: {
    BFF647:
      "A macro leaves out items that lack a field which it reads. Otherwise one item leaves the whole result missing.",
  },
  run(model, report) {
    for (const { result, of, before } of namedExpressions(model)) {
      // A condition or a guard over all items may exclude those that lack the field.
      const tested = new Set([...of, ...before].flatMap(({ root }) => fieldsOfAll(root)));
      for (const expression of of) reportItems(result, expression, tested, { model, report });
    }
  },
};

/** Returns the fields that `all` and `exists` test in each item. */
function fieldsOfAll(node: Node): readonly DescField[] {
  const found = node.kind === "macro" && /^(all|exists)$/.test(node.macro) ? node.args.flatMap(fieldsTested) : [];
  return [...found, ...childrenOf(node).flatMap(fieldsOfAll)];
}
const fieldsTested = (node: Node): readonly DescField[] => [
  ...(node.kind === "ok" && node.field !== undefined ? [node.field.field] : []),
  ...childrenOf(node).flatMap(fieldsTested),
];

function reportItems(
  result: string,
  { unsafe, reads, text, type }: Expression,
  tested: ReadonlySet<DescField>,
  { model, report }: { readonly model: Model; readonly report: Report },
): void {
  const variable = unsafe.find(({ missing }) => missing !== undefined && missing.root === undefined && !missing.whole);
  const field = variable?.missing?.path.at(-1);
  if (variable === undefined || field === undefined || tested.has(field)) return;
  const [item, ...path] = variable.name.split(".");
  const isPath = path.length === 1 && /^[a-zA-Z_]\w*$/.test(`${item}`);
  const empty = EMPTY[variable.type.kind];
  const value =
    isPath && empty !== undefined ? `, or give them a value, as in ${item}.?${path[0]}.orValue(${empty})` : "";
  // A total over fewer items would be wrong, and nothing would show it.
  const isTotal = NUMBERS.has(type.kind) || isAmount(text.value);
  const test = isPath ? `. Or test all items first, as in ….all(${item}, ok(${variable.name})) ? … : …` : "";
  const whole = `. For a number over every item, make the step behind "${field.name}" critical: without it the list is missing${test}`;
  caution(report, "BFF647", reads.find((read) => read.variable === variable && !read.safe)?.at ?? text.at, {
    message: `one item that lacks "${field.name}" leaves ${result} missing`,
    related: declarationOf(model.ir, variable),
    hint: `${safeRead(variable)}${value}${isTotal ? whole : ""}`,
  });
}

const NUMBERS: ReadonlySet<Expression["type"]["kind"]> = new Set(["int", "uint", "double"]);

const isAmount = (text: string): boolean => /\bmoney\.\w+\(/.test(text);

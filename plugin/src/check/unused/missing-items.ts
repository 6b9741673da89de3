// Macros over items that may lack a field: one such item leaves the whole result missing.

import type { Expression } from "../../cel/index.ts";
import type { Report } from "../../diagnostic/diagnostic.ts";
import { caution } from "../../diagnostic/fault.ts";
import { declarationOf, EMPTY, safeRead } from "../../resolve/model/missing/missing-hints.ts";
import type { Model } from "../../resolve/model/model.ts";
import { namedExpressions } from "../all-expressions.ts";
import type { Check } from "../check.ts";

export const missingItems: Check = {
  rules: {
    BFF647:
      "A macro leaves out items that lack a field which it reads. Otherwise one item leaves the whole result missing.",
  },
  run: checkMissingItems,
};

function checkMissingItems(model: Model, report: Report): void {
  for (const { result, of } of namedExpressions(model))
    for (const expression of of) reportItems(result, expression, model, report);
}

function reportItems(result: string, { unsafe, reads, text, type }: Expression, model: Model, report: Report): void {
  const variable = unsafe.find(({ missing }) => missing !== undefined && missing.root === undefined && !missing.whole);
  const field = variable?.missing?.path.at(-1);
  if (variable === undefined || field === undefined) return;
  const [item, ...path] = variable.name.split(".");
  const isPath = path.length === 1 && /^[a-zA-Z_]\w*$/.test(`${item}`);
  const empty = EMPTY[variable.type.kind];
  const value =
    isPath && empty !== undefined ? `, or give them a value, as in ${item}.?${path[0]}.orValue(${empty})` : "";
  caution(report, "BFF647", reads.find((read) => read.variable === variable && !read.safe)?.at ?? text.at, {
    message: `one item that lacks "${field.name}" leaves ${result} missing`,
    related: declarationOf(model.ir, variable),
    hint: `${safeRead(variable)}${value}${NUMBERS.has(type.kind) || isAmount(text.value) ? whole(field.name) : ""}`,
  });
}

const NUMBERS: ReadonlySet<Expression["type"]["kind"]> = new Set(["int", "uint", "double"]);

const isAmount = (text: string): boolean => /\bmoney\.\w+\(/.test(text);

/** A total over fewer items would be wrong, and nothing would show it. */
const whole = (name: string): string =>
  `. For a number over every item, make the step behind "${name}" critical: without it the list is missing`;

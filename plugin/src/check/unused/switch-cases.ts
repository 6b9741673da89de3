import type { Expression } from "../../cel/index.ts";
import { lex } from "../../cel/syntax/lex.ts";
import type { Diagnostic } from "../../diagnostic/diagnostic.ts";
import { blocksOf } from "../../resolve/model/blocks.ts";
import type { SwitchSource } from "../../resolve/model/model.ts";
import type { Check } from "../check.ts";

/** Cases of a `switch` that are never chosen: after one that always holds, with an earlier one's condition, or one that never holds. */
export const switchCases: Check = {
  rules: {
    BFF348:
      "Each case of a `switch` is reachable. A case after one that always holds, or with an earlier condition, never runs.",
  },
  run(model, report) {
    for (const { source } of blocksOf(model).flatMap((message) => message.steps)) {
      if (source.kind === "switch") for (const found of unreachable(source)) report(found);
    }
  },
};

function unreachable(source: SwitchSource): Diagnostic[] {
  const found: Diagnostic[] = [];
  const warn = (message: string, expression: Expression, hint: string, first?: Expression): void => {
    found.push({
      code: "BFF348",
      severity: "warning",
      message,
      at: expression.text.at,
      ...(first === undefined ? {} : { related: [{ at: first.text.at, message: "this case is tried first" }] }),
      hint,
    });
  };
  const seen = new Map<string, Expression>();
  for (const [i, { if: condition }] of source.cases.entries()) {
    if (condition.constant === false) {
      warn(
        "this case is never chosen: its condition never holds",
        condition,
        "leave out the case, or write a condition that can hold",
      );
      continue;
    }
    if (condition.constant === true) {
      const next = source.cases[i + 1]?.if ?? source.default?.expression;
      const what = i + 1 < source.cases.length ? "this case is" : "this default is";
      if (next === undefined) warn("this case always holds", condition, "make its value the `default`");
      else
        warn(
          `${what} never reached: the previous case always holds`,
          next,
          "leave it out, or move it before that case",
          condition,
        );
      return found;
    }
    const text = plain(condition.text.value);
    const first = seen.get(text);
    if (first === undefined) seen.set(text, condition);
    else warn("this case is never chosen: an earlier one has the same condition", condition, "leave it out", first);
  }
  return found;
}

/** An expression without its blanks and comments. */
function plain(text: string): string {
  const lexed = lex(text);
  return "fault" in lexed ? text : lexed.tokens.map((token) => token.text).join(" ");
}

import type { Expression } from "../../cel/index.ts";
import { caution, type Report } from "../../diagnostic/diagnostic.ts";
import { blocksOf, callsOf, composesOf } from "../../resolve/model/blocks.ts";
import type { Step } from "../../resolve/model/model.ts";
import { type Check, nameOf } from "../check.ts";

/** A condition, and the consequence if it never holds. */
type Condition = readonly [condition: Expression | undefined, never: string];

/**
 * Reports a condition that is written as `true` or `false`. Another check reports expressions that evaluate to a
 * constant.
 */
export const constantConditions: Check = {
  rules: {
    BFF349:
      "A condition is not constant. A condition that is `true` has no effect, and one that is `false` disables its option permanently.",
  },
  run(model, report) {
    const reported = new Set<string>();
    const checkConstant = ([condition, never]: Condition): void => {
      if (typeof condition?.constant !== "boolean") return;
      const { at } = condition.text;
      // A rule of an upstream entry is part of many calls.
      const place = `${at.file}:${at.line}:${at.column}`;
      if (reported.has(place)) return;
      reported.add(place);
      caution(report, "BFF349", at, {
        message: condition.constant
          ? "this condition always holds, so it has no effect"
          : `this condition never holds: ${never}`,
        hint: condition.constant
          ? "leave out the condition"
          : "leave out the option that it belongs to, or write a condition that can hold",
      });
    };
    for (const message of blocksOf(model)) {
      for (const step of message.steps) {
        if (message.kind === "permit" && message.conditions.includes(step)) {
          if (step.source.kind === "guard") checkConstant([step.source.if, "no caller is admitted"]);
        } else if (message.kind === "limits") checkConstant([step.if, "this limit never applies"]);
        else if (message.kind === "headers") checkConstant([step.if, "this header is never sent"]);
        else if (step.source.kind === "guard") checkGuard(step.source.if, report);
        else for (const condition of conditionsOf(step)) checkConstant(condition);
      }
      for (const target of message.targets) {
        if (target.kind === "field") continue;
        for (const { field, if: condition } of target.members)
          checkConstant([condition, `"${field.name}" is never chosen`]);
      }
    }
  },
};

function conditionsOf(step: Step): Condition[] {
  const { source } = step;
  return [
    [step.if, `${nameOf(step)} never runs`],
    ...(source.kind === "each" ? [[source.if, "no item is included"] as const] : []),
    ...composesOf(source).flatMap(({ args }) =>
      args.map((arg): Condition => [arg.if, `the argument "${arg.name}" is never passed`]),
    ),
    ...callsOf(source).flatMap((call): Condition[] => [
      ...call.set.map((binding): Condition => [binding.if, `"${binding.path.at(-1)?.name}" is never set`]),
      ...call.metadata.map((binding): Condition => [binding.if, `metadata "${binding.key}" is never sent`]),
      ...call.onError.map((rule): Condition => [rule.if, "this rule applies to no error"]),
      [call.policy.retry.if, "no call is ever retried"],
    ]),
  ];
}

function checkGuard(condition: Expression, report: Report): void {
  if (typeof condition.constant !== "boolean") return;
  caution(report, "BFF349", condition.text.at, {
    message: condition.constant ? "this guard fails every response" : "this guard never fails a response",
    hint: condition.constant
      ? "write a condition that can hold"
      : "leave out the guard, or write a condition that can hold",
  });
}

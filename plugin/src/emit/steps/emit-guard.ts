import type { PlanBlock, PlanStep } from "../../plan/model/messages.ts";
import { around, block, type Line, type Lines, unreadAsVoid } from "../text/lines.ts";
import { condition, conjunct } from "../values/value.ts";
import { refusal } from "./emit-call.ts";
import { awaitAfter, CodePlace, type StepContext } from "./step-context.ts";

/** Prints a guard. It is awaited at once if it runs before any call is sent. */
export function emitGuard(step: PlanStep, cx: StepContext): Lines {
  const { names, message } = cx;
  const { source } = step;
  if (source.kind !== "guard") return [];
  const rank = message.ranks.get(step.step);
  const { if: when } = step;
  const test: Line =
    when === undefined
      ? condition(source.if, names)
      : [...conjunct(when, names), " && ", ...conjunct(source.if, names)];
  const refuse: Line = ["throw ", ...refusal(source.fail, rank, names), ";"];
  if (step.immediate && !mayThrow(step)) return [["if (", ...test, ") ", ...refuse]];
  const place = new CodePlace();
  const body = unreadAsVoid([
    ...awaitAfter(step, cx),
    ...place.reads(cx, [when, source.if, ...source.expressions]),
    ["if (", ...test, ") ", ...refuse],
  ]);
  const guard = around([], block(["cx.guard(async () => {"], body, [rank === undefined ? "})" : `}, ${rank})`]), [";"]);
  if (step.immediate) return around(["await "], guard, []);
  return around(isNeeded(step, cx) ? [`const ${step.name}Step = `] : [], guard, []);
}

/** Returns true if an expression of a guard may fail. */
const mayThrow = ({ source }: PlanStep): boolean => source.kind === "guard" && source.fails;

/** Returns true if immediate guards must be awaited, because one of their expressions may fail. */
export const admitsLater = ({ steps }: Pick<PlanBlock, "steps">): boolean =>
  steps.some((step) => step.immediate && mayThrow(step));
const isNeeded = (step: PlanStep, { message, needed }: StepContext): boolean =>
  needed?.includes(step) === true ||
  message.steps.some((other) => [other, ...other.lazy.flat()].some(({ clearedBy }) => clearedBy.includes(step)));

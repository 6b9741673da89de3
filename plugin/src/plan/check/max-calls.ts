// Compares the calls of plans with the bounds of their rpcs.

import { nameOf } from "../../check/check.ts";
import { fault, type Report, type Sourced } from "../../diagnostic/diagnostic.ts";
import { callsOf } from "../../resolve/model/blocks.ts";
import type { PlanBlock, PlanStep } from "../model/messages.ts";
import type { Plan, PlanMethod } from "../model/plan.ts";
import {
  allSteps,
  blocksOf,
  childOf,
  countCalls,
  itemsOf,
  type Messages,
  reachedInOrder,
  rootsOf,
} from "./worst-calls.ts";

/**
 * An rpc with `max_calls` has to stay within it: upstream calls along every path, nested `each.max` multiplied, as the plan counts them;
 * attempts after the first are not counted.
 */
export function checkMaxCalls({ files, messages }: Plan, report: Report): void {
  const byName = new Map(messages.map((message) => [message.composed.desc.typeName, message]));
  for (const method of files.flatMap(({ services }) => services).flatMap((service) => service.methods))
    checkMethod(method, byName, report);
}

function checkMethod(planned: PlanMethod, messages: Messages, report: Report): void {
  const { method } = planned;
  const limit = method.ir.maxCalls;
  if (limit === undefined) return;
  const { stream, permit, start, message } = planned;
  const opening = {
    roots: blocksOf(permit, start, stream?.opening),
    what: "opening ",
    once: stream?.source.kind === "call" ? 1 : 0,
  };
  const phases: readonly Phase[] =
    stream === undefined
      ? [{ roots: rootsOf(planned), what: "", once: 0 }]
      : [opening, { roots: [message], what: "an item of ", once: 0 }];
  for (const phase of phases) checkPhase(planned, limit, phase, messages, report);
}

/**
 * A part of an rpc whose calls are counted separately: an answer, a stream's opening with its followed call, or an
 * item.
 */
interface Phase {
  readonly roots: readonly PlanBlock[];
  readonly what: string;
  /** Calls that belong to no step. */
  readonly once: number;
}

function checkPhase(
  { method }: PlanMethod,
  limit: Sourced<number>,
  { roots, what, once }: Phase,
  messages: Messages,
  report: Report,
): void {
  const { name } = method.desc;
  const order = reachedInOrder(roots, messages);
  const cost = countCalls(roots, order, messages).reduce((sum, { calls }) => sum + calls, once);
  const unbounded = cost === Number.POSITIVE_INFINITY ? firstUnbounded(order, messages) : undefined;
  if (unbounded !== undefined) {
    fault(report, "BFF702", unbounded.step.ir.at, {
      message: `${what}"${name}" may make at most ${limit.value} upstream calls, but the items of ${nameOf(unbounded.step)} have no maximum`,
      related: [{ at: limit.at, message: "the limit of calls" }],
      hint: "add `max` to the `each`",
    });
  } else if (cost > limit.value) {
    const less = [
      ...(order.some(({ steps }) => allSteps(steps).some(({ step }) => step.source.kind === "each"))
        ? ["lower `max` of an `each`"]
        : []),
      ...(callsOneByOne(order, messages) ? ["call a method that takes several keys with `batch`"] : []),
    ];
    fault(report, "BFF701", limit.at, {
      message: `${what}"${name}" may make ${cost} upstream calls, but the limit is ${limit.value}`,
      hint: [`raise the limit to ${cost}`, ...less]
        .join(", ")
        .replace(/, (?=[^,]*$)/, less.length > 1 ? ", or " : " or "),
    });
  }
}

/** The innermost `each` without a bound over something that calls. */
function firstUnbounded(order: readonly PlanBlock[], messages: Messages): PlanStep | undefined {
  return [...order]
    .reverse()
    .flatMap(({ steps }) => allSteps(steps))
    .find((step) => itemsOf(step) === Number.POSITIVE_INFINITY && callsBelow(step, messages).length > 0);
}

/** Returns true if an `each` makes calls that nothing joins. */
function callsOneByOne(order: readonly PlanBlock[], messages: Messages): boolean {
  const lists = order.flatMap(({ steps }) => allSteps(steps)).filter(({ step }) => step.source.kind === "each");
  return lists.some((step) => callsBelow(step, messages).some(({ batch }) => batch === undefined));
}

function callsBelow(step: PlanStep, messages: Messages) {
  const child = childOf(step, messages);
  const below = child === undefined ? [] : reachedInOrder([child], messages);
  const steps = [step, ...below.flatMap(({ steps }) => allSteps(steps))];
  return steps.flatMap((planStep) => callsOf(planStep.step.source));
}

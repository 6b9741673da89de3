// Compares the calls of plans with the bounds of their rpcs.

import { nameOf } from "../../check/check.ts";
import { fault, type Report, type Sourced } from "../../diagnostic/diagnostic.ts";
import { fullName } from "../../model/full-name.ts";
import { callsOf, composesOf } from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import type { ComposeSource } from "../../resolve/model/model.ts";
import { choices } from "../../resolve/model/oneof-only.ts";
import type { PlanCallPolicy } from "../model/calls.ts";
import type { PlanBlock, PlanMessage, PlanStep } from "../model/messages.ts";
import type { Plan, PlanMethod, PlanPermit, PlanStart } from "../model/plan.ts";

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

// The maximum number of calls of one rpc. Linear in the size of the graph.

export interface MethodCalls {
  readonly method: string;
  readonly calls: number;
  /** Attempts that the upstream may receive, with retries and hedges. */
  readonly attempts: number;
}
/** Calls of a method that an `each` without `max` makes. */
export interface SplitCalls extends MethodCalls {
  /** Calls that do not depend on the number of items; present only if the total has no bound. */
  readonly perRequest?: Omit<MethodCalls, "method">;
  /** Calls for one item of each list without `max`. */
  readonly perItem?: Omit<MethodCalls, "method">;
}

export type Messages = ReadonlyMap<string, PlanMessage>;

/** Returns every step; steps that only one case reads follow their switch. */
export function allSteps(steps: readonly PlanStep[]): PlanStep[] {
  return steps.flatMap((step) => [step, ...allSteps(step.lazy.flat())]);
}

export function childOf({ step }: PlanStep, messages: Messages): PlanMessage | undefined {
  const [compose]: readonly ComposeSource[] = composesOf(step.source);
  return compose && messages.get(compose.message.typeName);
}

/** Returns the blocks that make the calls of an rpc: its permit, the started steps of its service, and its message. */
export function rootsOf({
  message,
  start,
  permit,
  stream,
}: Pick<PlanMethod, "message" | "start" | "permit" | "stream">): readonly PlanBlock[] {
  return blocksOf(permit, start, stream?.opening, message);
}

export function blocksOf(
  permit: PlanPermit | undefined,
  start: PlanStart | undefined,
  ...messages: readonly (PlanBlock | undefined)[]
): readonly PlanBlock[] {
  // A step of the service that a permit depends on makes its call only once.
  const started = new Set(start?.let.steps.map(({ ir }) => ir.at));
  const permitBlock = permit && { ...permit, steps: permit.steps.filter(({ step }) => !started.has(step.ir.at)) };
  return [permitBlock, start, ...messages].filter((block) => block !== undefined);
}

/** Returns messages (or the steps that a service starts) and all messages that they compose, composers first. */
export function reachedInOrder(roots: readonly PlanBlock[], messages: Messages): readonly PlanBlock[] {
  const done = new Set<PlanBlock>();
  const order: PlanBlock[] = [];
  const open: { readonly message: PlanBlock; readonly leave: boolean }[] = roots
    .map((message) => ({ message, leave: false }))
    .reverse();
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at.leave) {
      order.push(at.message);
      continue;
    }
    if (done.has(at.message)) continue;
    done.add(at.message);
    open.push({ message: at.message, leave: true });
    for (const step of allSteps(at.message.steps).reverse()) {
      const child = childOf(step, messages);
      if (child !== undefined && !done.has(child)) open.push({ message: child, leave: false });
    }
  }
  return order.reverse();
}

/** Moments at which compositions of a message begin: `count` moments, with `size` compositions at each of them. */
interface Moments {
  readonly count: number;
  readonly size: number;
}

/** Counts calls, and if they have no bound also the calls per request and per item. */
export function splitCalls(
  roots: readonly PlanBlock[],
  order: readonly PlanBlock[],
  messages: Messages,
): readonly SplitCalls[] {
  const counted = countCalls(roots, order, messages);
  if (counted.every(({ calls }) => calls !== Number.POSITIVE_INFINITY)) return counted;
  const weights = weigh(order, messages, 1);
  const byMethod = (unbounded: number): ReadonlyMap<string, MethodCalls> =>
    new Map(
      countCalls(roots, order, messages, unbounded, weights).map((methodCalls) => [methodCalls.method, methodCalls]),
    );
  const [without, withOne] = [byMethod(0), byMethod(1)];
  return counted.map((methodCalls) => {
    if (methodCalls.calls !== Number.POSITIVE_INFINITY) return methodCalls;
    const { calls = 0, attempts = 0 } = without.get(methodCalls.method) ?? {};
    const all = withOne.get(methodCalls.method) ?? { calls, attempts };
    return {
      ...methodCalls,
      perRequest: { calls, attempts },
      perItem: { calls: all.calls - calls, attempts: all.attempts - attempts },
    };
  });
}

/**
 * Counts calls. Keys that are requested at one moment share one batch; keys of different moments or places count as
 * separate calls.
 * @param unbounded the number of items of a list without `max`
 */
export function countCalls(
  roots: readonly PlanBlock[],
  order: readonly PlanBlock[],
  messages: Messages,
  unbounded: number = Number.POSITIVE_INFINITY,
  weights: ReadonlyMap<PlanStep, number> = weigh(order, messages, unbounded),
): readonly MethodCalls[] {
  const reached = new Map<PlanBlock, readonly Moments[]>(roots.map((root) => [root, [{ count: 1, size: 1 }]]));
  const counted = new Map<string, { calls: number; attempts: number }>();
  for (const message of order) {
    for (const step of chosenSteps(message.steps, (steps) =>
      sum(steps.map((planStep) => weights.get(planStep) ?? 0)),
    )) {
      const moments = momentsOf(step, reached.get(message) ?? [], unbounded);
      const child = childOf(step, messages);
      if (child !== undefined) reached.set(child, [...(reached.get(child) ?? []), ...moments]);
      for (const call of callsOf(step.step.source)) {
        const calls = sum(moments.map(({ count, size }) => count * callsFor(call, size)));
        const attempts = attemptsOf(message.calls.get(call)?.policy);
        const known = counted.get(fullName(call.method)) ?? { calls: 0, attempts: 0 };
        counted.set(fullName(call.method), { calls: known.calls + calls, attempts: known.attempts + calls * attempts });
      }
    }
  }
  return [...counted].map(([method, { calls, attempts }]) => ({ method, calls, attempts }));
}

/** Returns the calls for a number of keys. A batch is split by shard: each may have one call that is not full. */
function callsFor({ batch, policy }: Call, size: number): number {
  const full = Math.ceil(size / (batch?.max ?? 1));
  return batch === undefined || policy.shard === undefined ? full : Math.min(size, full + policy.shard.most - 1);
}

/**
 * Returns the moments at which a step or its items run. A step that waits for a step of its message continues at a
 * different moment in each composition.
 */
function momentsOf(step: PlanStep, around: readonly Moments[], unbounded: number): readonly Moments[] {
  const items = itemsOf(step, unbounded);
  const apart = waits(step);
  const moments = around.map(({ count, size }) =>
    apart ? { count: count * size, size: items } : { count, size: size * items },
  );
  // Moments of one size are one entry, so that the list stays short in deep graphs.
  const bySize = Map.groupBy(moments, ({ size }) => size);
  return [...bySize].map(([size, all]) => ({ count: sum(all.map(({ count }) => count)), size }));
}

/** Returns the maximum attempts of one call: each attempt of the retries may be hedged. */
export function attemptsOf(policy: PlanCallPolicy | undefined): number {
  return (policy?.retry?.attempts.value ?? 1) * (1 + (policy?.hedge?.max.value ?? 0));
}

/** Returns the maximum number of items of a step; one if it is no `each`. */
export const itemsOf = ({ step: { source } }: PlanStep, unbounded: number = Number.POSITIVE_INFINITY): number =>
  source.kind === "each" ? (source.max ?? unbounded) : 1;
/** Steps of the service end at one moment for all that wait for them. */
const waits = ({ step, waitsFor, demand, effectful }: PlanStep): boolean =>
  effectful ||
  [...[...waitsFor, ...(demand?.waitsFor ?? [])].map((planStep) => planStep.step), ...step.after].some(
    ({ source }) => source.kind !== "shared",
  );
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** All steps that run in the worst case: of a switch only the heaviest of its cases, of a oneof the heaviest of its choices. */
function chosenSteps(steps: readonly PlanStep[], weight: (steps: readonly PlanStep[]) => number): PlanStep[] {
  const heaviest = (all: readonly PlanStep[][]): PlanStep[] =>
    all.reduce<PlanStep[]>((most, choice, i) => (i === 0 || weight(choice) > weight(most) ? choice : most), []);
  const withCases = (of: readonly PlanStep[]): PlanStep[] =>
    of.flatMap((step) => [step, ...heaviest(step.lazy.map((lazy) => chosenSteps(lazy, weight)))]);
  const always = steps.filter(({ demand }) => demand === undefined);
  const byOneof = [...Map.groupBy(steps, ({ demand }) => demand?.target)].flatMap(([target, of]) =>
    target === undefined
      ? []
      : heaviest(
          choices(target).map((members) =>
            withCases(of.filter(({ demand }) => !demand?.members.isDisjointFrom(members))),
          ),
        ),
  );
  return [...withCases(always), ...byOneof];
}

/** Counts the calls below each step without batching, which is enough to find the heaviest case. */
function weigh(order: readonly PlanBlock[], messages: Messages, unbounded: number): ReadonlyMap<PlanStep, number> {
  const ofStep = new Map<PlanStep, number>();
  const ofMessage = new Map<PlanBlock, number>();
  for (const message of [...order].reverse()) {
    for (const step of allSteps(message.steps)) {
      const child = childOf(step, messages);
      const callCount = callsOf(step.step.source).length + (child === undefined ? 0 : (ofMessage.get(child) ?? 0));
      ofStep.set(step, callCount === 0 ? 0 : callCount * itemsOf(step, unbounded));
    }
    const chosen = chosenSteps(message.steps, (steps) => sum(steps.map((step) => ofStep.get(step) ?? 0)));
    ofMessage.set(message, sum(chosen.map((step) => ofStep.get(step) ?? 0)));
  }
  return ofStep;
}

// Worst case of one rpc: its time, and the steps along it. worst-calls.ts counts the calls. Linear in the size of the
// graph.

import { fullName } from "../../model/full-name.ts";
import {
  allSteps,
  blocksOf,
  childOf,
  itemsOf,
  type Messages,
  reachedInOrder,
  type SplitCalls,
  splitCalls,
} from "../../plan/check/max-calls.ts";
import type { PlanBlock, PlanMessage, PlanStep } from "../../plan/model/messages.ts";
import type { PlanMethod, PlanStart } from "../../plan/model/plan.ts";
import { callsOf } from "../../resolve/model/blocks.ts";
import { decidingIfs } from "../../resolve/model/case-only.ts";
import type { Step } from "../../resolve/model/model.ts";

export interface Worst {
  /** Time that calls have: the budget less the margin for composing (runtime.md, "Deadlines"). Milliseconds. */
  readonly forCallsMs: number;
  /** Calls of each method in order of first use; Infinity if nothing bounds them. */
  readonly calls: readonly SplitCalls[];
  /** At most `forCallsMs`. */
  readonly ms: number;
  /**
   * The longest sequence of steps; steps of composed messages as "cards.owner". Times are not limited to the remaining
   * time.
   */
  readonly criticalPath: readonly WaitReport[];
}
interface WaitReport {
  readonly step: string;
  readonly ms: number;
  /** Time that all items would take if the budget did not end before; null: nothing bounds them. */
  readonly whole_ms?: number | null;
}
export function worstOf(
  planned: Pick<PlanMethod, "method" | "message" | "start" | "permit" | "stream">,
  messages: Messages,
): Worst & { readonly item?: Worst; readonly parts?: Worst } {
  const { method, message, start, permit, stream } = planned;
  if (method.parts !== undefined) {
    const first = worst(method.timeout.value, { message, start, permit }, messages, "none");
    const whole = worst(method.parts.timeoutMs, { message, start, permit }, messages, first.forCallsMs);
    return { ...first, calls: whole.calls, parts: whole };
  }
  if (stream === undefined) return worst(method.timeout.value, { message, start, permit }, messages);
  const opening = worst(method.timeout.value, { message: stream.opening, start, permit }, messages);
  const once =
    stream.source.kind === "call" ? [{ method: fullName(stream.source.entry.method), calls: 1, attempts: 1 }] : [];
  const item = worst(method.timeout.value, { message, start: undefined, permit: undefined }, messages);
  return { ...opening, calls: [...opening.calls, ...once], item };
}

/** Work with one common wait: an answer, the opening of a stream, or an item of a stream. */
interface Phase extends Pick<PlanMethod, "start" | "permit"> {
  readonly message: PlanBlock | undefined;
}

/**
 * @param limit the time of steps that are not deferred, if it is less than the whole time; "none": deferred steps are
 * not awaited
 */
function worst(
  budget: number,
  { message, start, permit }: Phase,
  messages: Messages,
  limit: number | "none" = Number.POSITIVE_INFINITY,
): Worst {
  const forCallsMs = budget - Math.min(Math.max(budget / 10, 5), 200, budget / 2);
  const deferred = limit !== "none";
  const most = deferred ? Math.min(limit, forCallsMs) : forCallsMs;
  const all = blocksOf(permit, start, message);
  const order = reachedInOrder(all, messages);
  const ended = new Set(permit?.steps.map(({ step }) => step.ir.at));
  const timeOf = timings(messages, { limit: forCallsMs, deferred, ended }, start);
  const of = (block: PlanBlock): Timing => timeOf({ message: block, begun: 0, limit: most });
  const roots = [start, message].filter((root) => root !== undefined);
  const last = roots.map(of).reduce((a, b) => (b.ms >= a.ms ? b : a), NO_TIME);
  // No other step begins before the decision.
  const before = permit && of(permit);
  return {
    forCallsMs,
    calls: splitCalls(all, order, messages),
    ms: Math.min((before?.ms ?? 0) + last.ms, forCallsMs),
    criticalPath: [...(before === undefined ? [] : criticalPath(before)), ...criticalPath(last)],
  };
}

export const stepName = ({ step, name }: PlanStep): string => step.name ?? name;

// ---- time ----

const NO_TIME: Timing = { ms: 0, last: undefined, steps: new Map(), started: new Map() };

interface Timing {
  /** Time from the start of the message's composition, in milliseconds. */
  readonly ms: number;
  /** The step that ends last. */
  readonly last: PlanStep | undefined;
  /** Includes steps of the service. */
  readonly steps: ReadonlyMap<PlanStep, StepTiming>;
  /** The steps of the service. */
  readonly started: ReadonlyMap<PlanStep, StepTiming>;
}
interface StepTiming extends StepTime {
  readonly end: number;
  /** The step whose end it waits for longest. */
  readonly before: PlanStep | undefined;
  /** Timing of the message that it composes. */
  readonly inside: Timing | undefined;
}

/**
 * Times start with the response if a step of the service is read, because that step starts then; otherwise they start
 * with the message.
 */
function timings(
  messages: Messages,
  {
    limit,
    deferred,
    ended,
  }: { readonly limit: number; readonly deferred: boolean; readonly ended: ReadonlySet<Step["ir"]["at"]> },
  start: PlanStart | undefined,
): (begun: Begun) => Timing {
  const timings = new Map<PlanBlock, Map<string, Timing>>();
  const keyOf = ({ message, begun, limit }: Begun): string => `${sharedOf(message).length === 0 ? 0 : begun}/${limit}`;
  const timingOf = (begun: Begun): Timing | undefined => timings.get(begun.message)?.get(keyOf(begun));
  // A service's steps come before the messages that read them, except for messages that the service composes.
  const inside = new Set(start === undefined ? [] : reachedInOrder([start], messages));
  /** Yields the timings that it needs instead of recursion: messages may compose each other in long chains. */
  function* timed(block: Begun): Generator<Begun, Timing, Timing> {
    const { message, begun: at, limit: budget } = block;
    const begun = sharedOf(message).length === 0 ? 0 : at;
    const all = allSteps(message.steps).filter(({ step }) => deferred || !step.deferred);
    const planned = new Map(all.map((step) => [step.step, step]));
    const started =
      start === undefined || inside.has(message)
        ? new Map<PlanStep, StepTiming>()
        : (yield { message: start, begun: 0, limit: budget }).steps;
    const steps = new Map(started);
    for (const { step } of started.size === 0 ? [] : sharedOf(message))
      for (const starting of allSteps(start?.steps ?? []))
        if (step.source.kind === "shared" && step.source.of.includes(starting.step)) planned.set(step, starting);
    const deciders = caseDeciders(all);
    const predecessors = (step: PlanStep): PlanStep[] => [
      ...(deciders.get(step) ?? []),
      ...[...step.step.reads, ...step.step.after].flatMap((read) => planned.get(read) ?? []),
      ...step.clearedBy,
      ...(step.demand?.waitsFor ?? []).flatMap((awaited) => planned.get(awaited.step) ?? []),
    ];
    for (const step of inOrder(all, (other) => predecessors(other).filter((before) => !started.has(before)))) {
      const before = latest(predecessors(step), steps, begun);
      const from = before === undefined ? begun : (steps.get(before)?.end ?? 0);
      const child = childOf(step, messages);
      const most = step.step.deferred ? limit : budget;
      const within = child && (yield { message: child, begun: from, limit: most });
      // The permit has already awaited these calls of the service.
      const time =
        message === start && ended.has(step.step.ir.at) ? { ms: 0 } : stepTime(step, message, within?.ms, most);
      steps.set(step, { ...time, end: from + time.ms, before, inside: within });
    }
    const last = latest(all, steps, begun);
    const timing = { ms: last === undefined ? 0 : (steps.get(last)?.end ?? begun) - begun, last, steps, started };
    timings.set(message, (timings.get(message) ?? new Map<string, Timing>()).set(keyOf(block), timing));
    return timing;
  }
  return (begun) => withoutRecursion(begun, timingOf, timed);
}

/** Returns the steps that decide whether a case is chosen, by the steps that start only then. */
function caseDeciders(steps: readonly PlanStep[]): ReadonlyMap<PlanStep, readonly PlanStep[]> {
  const stepOf = new Map(steps.map((step) => [step.step.variable, step]));
  return new Map(
    steps.flatMap((owner) =>
      owner.lazy.flatMap((started, index) => {
        const ifs = decidingIfs({ switch: owner.step, index });
        const reads = ifs.flatMap((of) => of.reads.flatMap(({ variable }) => stepOf.get(variable) ?? []));
        return started.map((step) => [step, reads] as const);
      }),
    ),
  );
}

/** A message, and the start of its composition. */
interface Begun {
  readonly message: PlanBlock;
  readonly begun: number;
  /** The time of those of its steps that are not deferred. */
  readonly limit: number;
}

const sharedOf = (message: PlanBlock): readonly PlanStep[] =>
  "shared" in message ? (message as PlanMessage).shared : [];

/** Predecessors first; without recursion, since chains may be long. */
function inOrder(steps: readonly PlanStep[], predecessors: (step: PlanStep) => readonly PlanStep[]): PlanStep[] {
  const order = new Set<PlanStep>();
  const entered = new Set<PlanStep>();
  const open = [...steps].reverse();
  for (let at = open.at(-1); at !== undefined; at = open.at(-1)) {
    const first = entered.has(at) ? [] : predecessors(at).filter((step) => !order.has(step));
    entered.add(at);
    if (first.length > 0) open.push(...first);
    else order.add(open.pop() ?? at);
  }
  return [...order];
}

/** Returns the step that ends last, the first of several; undefined if no step ends after that moment. */
function latest(
  steps: readonly PlanStep[],
  timings: ReadonlyMap<PlanStep, StepTiming>,
  after: number,
): PlanStep | undefined {
  let found: PlanStep | undefined;
  let end = after;
  for (const step of steps) {
    const other = timings.get(step)?.end ?? 0;
    if (other > end) [found, end] = [step, other];
  }
  return found;
}

/**
 * Returns the time of a step. A call takes its timeout, including attempts and backoff, or without a timeout the
 * remaining time.
 */
function stepTime(step: PlanStep, message: PlanBlock, child: number | undefined, limit: number): StepTime {
  const { source } = step.step;
  const [call] = callsOf(source);
  const timing =
    call === undefined ? (child ?? 0) : Math.min(message.calls.get(call)?.policy.timeoutMs?.value ?? limit, limit);
  const whole = timing === 0 ? 0 : timing * rounds(step);
  return rounds(step) === 1 || whole <= limit ? { ms: whole } : { ms: limit, whole };
}
interface StepTime {
  readonly ms: number;
  /** Time of all items, if it is cut. */
  readonly whole?: number;
}

/** Returns the number of groups of items that are awaited in sequence. */
function rounds(step: PlanStep): number {
  const { source } = step.step;
  return source.kind === "each" && step.bounded ? Math.ceil(itemsOf(step) / source.concurrent) : 1;
}

function waitReport(step: string, { ms, whole }: StepTime): WaitReport {
  if (whole === undefined) return { step, ms };
  return { step, ms, whole_ms: Number.isFinite(whole) ? whole : null };
}

/** From the end of a message to its beginning. */
function criticalPath(whole: Timing): Worst["criticalPath"] {
  const path: WaitReport[] = [];
  let prefix = "";
  for (let timing: Timing | undefined = whole; timing !== undefined; ) {
    const { steps, started }: Timing = timing;
    const chain: { readonly step: PlanStep; readonly of: StepTiming }[] = [];
    for (let step = timing.last; step !== undefined; ) {
      const of = steps.get(step);
      if (of === undefined) break;
      chain.push({ step, of });
      step = of.before;
    }
    chain.reverse();
    const [first] = chain;
    // The path begins with a step of the service, and so with the response: earlier steps are not awaited.
    if (first !== undefined && started.has(first.step)) path.length = 0;
    const end = chain.at(-1);
    // If the last step composes, the path continues inside that message. Items in sequence are one entry: the times
    // inside would not add up.
    timing = end === undefined || rounds(end.step) > 1 ? undefined : end.of.inside;
    for (const { step, of } of timing === undefined ? chain : chain.slice(0, -1))
      if (of.ms > 0) path.push(waitReport((started.has(step) ? "" : prefix) + stepName(step), of));
    if (end !== undefined) prefix = `${prefix}${stepName(end.step)}.`;
  }
  return path;
}

/**
 * Computes the answer to a question that needs answers to further questions, for chains of any length. The call stack
 * of the language holds only some thousands.
 * @param known returns the answers that exist already
 * @param solve yields the questions whose answers it needs, and returns its answer
 */
function withoutRecursion<Q, A>(
  question: Q,
  known: (question: Q) => A | undefined,
  solve: (question: Q) => Generator<Q, A, A>,
): A {
  const open: Generator<Q, A, A>[] = [];
  let answer: A | undefined;
  const look = (next: Q): void => {
    answer = known(next);
    if (answer === undefined) open.push(solve(next));
  };
  look(question);
  for (let at = open.at(-1); at !== undefined; at = open.at(-1)) {
    // A generator ignores the first value that it receives.
    const next = at.next(answer as A);
    if (next.done !== true) {
      look(next.value);
      continue;
    }
    open.pop();
    answer = next.value;
  }
  return answer as A;
}

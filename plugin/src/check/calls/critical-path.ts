import type { Expression } from "../../cel/index.ts";
import { fault, type Origin, type Report } from "../../diagnostic/diagnostic.ts";
import { reachable, sortByDependency } from "../../graph/graph.ts";
import { callsOf, composedBy, messagesByName } from "../../resolve/model/blocks.ts";
import { caseOnly, decidingIfs } from "../../resolve/model/case-only.ts";
import type { BffMethod, Composed, Opening, Permit, Step } from "../../resolve/model/model.ts";
import { oneofOnly } from "../../resolve/model/oneof-only.ts";
import { lowest } from "../../text/amount.ts";
import type { Check } from "../check.ts";

/** A chain of steps that wait for each other, by the timeouts of their calls. Each call counts once. */
interface Path {
  readonly ms: number;
  /** The source of the time: a call, or two paths in sequence. */
  readonly by: TimedCall | readonly [Path, Path] | undefined;
}
interface TimedCall {
  /** "session 400ms" */
  readonly text: string;
  /** The place of the timeout. */
  readonly at: Origin;
}
const NONE: Path = { ms: 0, by: undefined };

/**
 * The end of a step or message, the later of two. `after` is relative to the start of its message, `absolute` to the
 * start of the response. Steps of a service start with the response, so they may have ended before a late message
 * begins.
 */
interface End {
  readonly after: Path | undefined;
  readonly absolute: Path | undefined;
}

/**
 * Reports an rpc whose longest chain of calls that wait for each other does not fit into its time, less the margin for
 * composing. The last call of this chain could never use its timeout. Attempts and waits in between are part of a
 * call's timeout.
 */
export const criticalPath: Check = {
  rules: {
    BFF703:
      "Calls that wait for each other fit into the timeout of their rpc together. Otherwise slow first calls leave no time for the last call.",
  },
  run(model, report) {
    const messages = messagesByName(model.messages);
    const composed = (step: Step): Composed[] => composedBy([step], messages);
    const methods = model.files.flatMap((file) => file.services).flatMap((service) => service.methods);
    // Deferred steps use the time of the parts; a unary rpc has no separate time for them.
    for (const deferred of [false, true]) {
      const timed = deferred ? methods.filter(({ parts }) => parts !== undefined) : methods;
      if (timed.length === 0) continue;
      /** Ends of messages that read no step of a service: they are equal in every rpc. */
      const known = new Map<Composed | Opening, End>();
      const world = { composed, deferred };
      // Inner messages come first, so that the ends of composed messages are available.
      for (const message of [...model.messages].reverse())
        if (message.shared.length === 0) known.set(message, endOfBlock(message, known, world, new Map()));
      for (const method of timed) {
        const whole = deferred ? method.parts?.timeoutMs : lowest(method.timeout);
        if (whole === undefined) continue;
        const left = whole - marginMs(whole);
        for (const phase of phasesOf(method)) {
          const path = pathOf(phase, known, world);
          if (path.ms > left && path.by !== undefined && !("text" in path.by))
            reportPath(method, path, { left, deferred }, report);
        }
      }
    }
  },
};

interface World {
  readonly composed: (step: Step) => readonly Composed[];
  /** True if deferred steps count. */
  readonly deferred: boolean;
}
type Timed = Composed | Opening | Permit;
type Node = Composed | Opening | Step;
type Ends = Pick<ReadonlyMap<Composed | Opening, End>, "get">;

/** Work that runs within the time of the rpc: an answer, the opening of a stream, or an item of a stream. */
interface Phase extends Pick<BffMethod, "shared" | "permit"> {
  readonly composed: Composed | Opening | undefined;
}
function phasesOf({ composed, shared, permit, stream, opening }: BffMethod): readonly Phase[] {
  if (stream === undefined) return [{ composed, shared, permit }];
  // Steps that ran before the source opened have ended.
  return [
    { composed: opening, shared, permit },
    { composed, shared: [], permit: undefined },
  ];
}

function pathOf(method: Phase, known: Ends, world: World): Path {
  const { composed } = world;
  const named = new Map(method.shared.map((step) => [step.name, step]));
  const isMessage = (node: Node): node is Composed | Opening => "kind" in node;
  const needs = (node: Node): readonly Node[] => {
    if (!isMessage(node)) return [...node.reads, ...node.after, ...composed(node)];
    if (known.get(node) !== undefined) return [];
    return [...node.shared.flatMap((step) => named.get(step.name) ?? []), ...node.steps.flatMap(composed)];
  };
  // Beside the known ends: a copy of them for each rpc would take time by rpcs and messages.
  const added = new Map<Composed | Opening, End>();
  const ends: Ends = { get: (message) => added.get(message) ?? known.get(message) };
  // No other step begins before the decision. A step of the service that the decision depends on has ended by then.
  const decided = method.permit === undefined ? AT_ONCE : endOfBlock(method.permit, ends, world, new Map());
  const rests = method.shared.filter(({ ir }) => method.permit?.rests.has(ir));
  const started = new Map<Step, End>(rests.map((step) => [step, AT_ONCE]));
  for (const node of sortByDependency(
    reachable<Node>([...(method.composed === undefined ? [] : [method.composed]), ...method.shared], needs),
    needs,
  ).order) {
    if (started.has(node as Step)) continue;
    if (!isMessage(node))
      started.set(node, { after: undefined, absolute: timeOf(endOfStep(node, started, ends, world)) });
    else if (ends.get(node) === undefined) {
      const shared = node.shared.map((step): [Step, End] => {
        const original = named.get(step.name);
        return [step, (original && started.get(original)) ?? AT_ONCE];
      });
      added.set(node, endOfBlock(node, ends, world, new Map(shared)));
    }
  }
  const end = method.composed && ends.get(method.composed);
  return join(timeOf(decided), longest([timeOf(end ?? AT_ONCE), ...[...started.values()].map(timeOf)]));
}

const AT_ONCE: End = { after: NONE, absolute: undefined };
/** Returns the time of an end if its message begins with the response. */
const timeOf = ({ after, absolute }: End): Path => longest([after ?? NONE, absolute ?? NONE]);

/** @param shared ends of the steps of the service that it reads */
function endOfBlock(message: Timed, ends: Ends, world: World, shared: ReadonlyMap<Step, End>): End {
  const byStep = new Map(shared);
  const deciders = decidersOf(message);
  const before = (step: Step): readonly Step[] => [...waitsFor(step), ...(deciders.get(step) ?? [])];
  // Steps follow the steps that they read only in the graph, not in the file.
  const counted = message.steps.filter(({ deferred }) => world.deferred || !deferred);
  for (const step of sortByDependency(counted, before).order)
    if (!byStep.has(step)) byStep.set(step, endOfStep(step, byStep, ends, world, before(step)));
  return latest([AT_ONCE, ...byStep.values()]);
}

/** Returns the steps that decide if a step is needed: reads of the `if`s of a oneof's members, or of a switch's cases. */
function decidersOf(message: Timed): ReadonlyMap<Step, readonly Step[]> {
  const steps = new Map([...message.shared, ...message.steps].map((step) => [step.variable, step]));
  const readBy = (ifs: readonly Expression[]): readonly Step[] =>
    ifs.flatMap(({ reads }) => reads.flatMap(({ variable }) => steps.get(variable) ?? []));
  // An item of a stream may read steps of an opening as well.
  const owners =
    "kind" in message && message.kind === "opening"
      ? []
      : caseOnly(message, sortByDependency(message.steps, waitsFor).order, new Set());
  return new Map([
    ...[...oneofOnly(message)].map(([step, { ifs }]) => [step, readBy(ifs.map((of) => of.if))] as const),
    ...[...owners].map(([step, owner]) => [step, readBy(decidingIfs(owner))] as const),
  ]);
}

const waitsFor = (step: Step): readonly Step[] => [...step.reads, ...step.after];

function endOfStep(
  step: Step,
  byStep: ReadonlyMap<Step, End>,
  ends: Ends,
  { composed }: World,
  before = waitsFor(step),
): End {
  const from = latest([AT_ONCE, ...before.map((other) => byStep.get(other) ?? AT_ONCE)]);
  const [call] = callsOf(step.source);
  const { value: ms, at } = call?.policy.timeout ?? {};
  if (call !== undefined && ms !== undefined && at !== undefined)
    return then(from, {
      after: { ms, by: { text: `${step.name ?? call.method.name} ${ms}ms`, at } },
      absolute: undefined,
    });
  return latest([from, ...composed(step).map((message) => then(from, ends.get(message) ?? AT_ONCE))]);
}

/** Returns the end of `next` if it begins at `from`. */
function then(from: End, next: End): End {
  const on = (path: Path | undefined): Path | undefined => path && next.after && join(path, next.after);
  return { after: on(from.after), absolute: longer(on(from.absolute), next.absolute) };
}
function latest(all: readonly End[]): End {
  return all.reduce((a, b) => ({ after: longer(a.after, b.after), absolute: longer(a.absolute, b.absolute) }));
}
const longer = (a: Path | undefined, b: Path | undefined): Path | undefined => (a && b ? longest([a, b]) : (a ?? b));
const longest = (paths: readonly Path[]): Path => paths.reduce((a, b) => (b.ms > a.ms ? b : a), NONE);
function join(a: Path, b: Path): Path {
  if (a.ms === 0) return b;
  return b.ms === 0 ? a : { ms: a.ms + b.ms, by: [a, b] };
}

/** Returns the parts of a path in order. */
function partsOf(path: Path): TimedCall[] {
  const parts: TimedCall[] = [];
  const open = [path];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.by === undefined) continue;
    if ("text" in next.by) parts.push(next.by);
    else open.push(next.by[1], next.by[0]);
  }
  return parts;
}

/** Maximum number of steps that a diagnostic prints; it prints the beginning and the end of a longer chain. */
const SHOWN = 12;
/** Maximum number of timeouts whose places it prints. */
const LOCATED = 4;

function reportPath(
  method: BffMethod,
  path: Path,
  { left, deferred }: { readonly left: number; readonly deferred: boolean },
  report: Report,
): void {
  const { timeout, partsTimeout, at } = method.ir;
  const calls = partsOf(path);
  const parts = calls.map(({ text }) => text);
  const half = SHOWN / 2;
  const shown =
    parts.length <= SHOWN ? parts : [...parts.slice(0, half), `${parts.length - SHOWN} others`, ...parts.slice(-half)];
  fault(report, "BFF703", (deferred ? partsTimeout : timeout)?.at ?? at, {
    message: `calls that wait for each other may take ${path.ms}ms (${shown.join(" + ")}), but "${method.desc.name}" leaves them ${left}ms`,
    related: calls.slice(0, LOCATED).map((call) => ({ at: call.at, message: call.text })),
    hint: `lower the timeouts of the calls, or raise that of the rpc with \`(bff.v1.method).${deferred ? "parts_timeout" : "timeout"}\``,
    derived: true, // from timeouts of which one may be faulty
  });
}

/** Returns the margin for composing, in milliseconds (runtime.md, "Deadlines"). */
const marginMs = (budget: number): number => Math.min(Math.max(budget / 10, 5), 200, budget / 2);

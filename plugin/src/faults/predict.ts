// What each fault of each upstream does to each rpc, told from the plan's JSON alone.

import { type Asked, type Caller, refusals } from "./admission.ts";
import type {
  BehaviourReport,
  BlockBehaviour,
  CallBehaviour,
  FieldNames,
  RpcBehaviour,
  ValueReport,
} from "./behaviour.ts";
import { Block, type Response } from "./block.ts";
import { foundCaller } from "./caller.ts";
import { codeName } from "./codes.ts";
import { type Ending, endingOf, FAULTS, type FaultName } from "./endings.ts";
import { distinct, type Effect, type Entry, type Failure, type Reason, type Result, valueResult } from "./results.ts";
import { timestamp } from "./times.ts";
import { fromReport, MapValue, MessageValue, UNKNOWN, Untold, type Value } from "./values.ts";

/** What a client gets. */
export type Prediction =
  /** `codes`: any of these. */
  | { readonly kind: "status"; readonly codes: readonly number[] }
  /** Nothing in `entries`: as when nothing is wrong. */
  | { readonly kind: "answer"; readonly entries: readonly PredictedEntry[] }
  | { readonly kind: "untold"; readonly why: string };
/** One Degradation; of effects and reasons any. */
export interface PredictedEntry {
  readonly path: string;
  readonly effects: readonly Effect[];
  readonly reasons: readonly Reason[];
  readonly upstreams: readonly string[];
  /** It may be left out. */
  readonly optional: boolean;
}
export interface Cell {
  readonly rpc: string;
  /** `package.Service/Method` */
  readonly call: string;
  readonly fault: FaultName;
  /** Undefined: its call is not made, or there is nothing to be stale. */
  readonly prediction: Prediction | undefined;
  /** Why there is no prediction. */
  readonly left?: "not reached" | "keeps no old answers" | "has no breaker";
  /** What running it takes, in milliseconds. */
  readonly slowMs?: number;
  readonly stale?: Stale;
}
type Stale = NonNullable<CallBehaviour["stale"]>;
export interface RpcTable {
  readonly rpc: string;
  /** Who calls; null: nobody that is known; undefined: nobody asks. */
  readonly caller: Caller | null | undefined;
  /** It is told of the first item. */
  readonly items: boolean;
  readonly healthy: Prediction;
  readonly cells: readonly Cell[];
}

const ANSWERS: Ending = { kind: "answer" };

/** How one request ends. */
export interface Run {
  readonly prediction: Prediction;
  /** Methods that are called. */
  readonly asked: ReadonlySet<string>;
}

export interface Given {
  /** Whether old answers stand in for failures where they may. */
  readonly remembered?: boolean;
  /** Default: the example of the plan. */
  readonly request?: ValueReport;
  /** Variables of the environment that are set. */
  readonly env?: { readonly [name: string]: ValueReport };
  /** The request passes what is checked of it before it is composed. */
  readonly assumed?: boolean;
  /** Who calls; null: nobody that is known; default: somebody who may. */
  readonly caller?: Caller | null;
  /** Incoming headers, by lower-case name. */
  readonly headers?: { readonly [name: string]: string };
}

/**
 * @param ending how calls of a method end
 */
export function predict(
  behaviour: BehaviourReport,
  rpc: RpcBehaviour,
  ending: (method: string) => Ending,
  given: Given = {},
): Run {
  const caller = callerOf(behaviour, rpc, given);
  const response = responding(behaviour, rpc, ending, given, caller);
  if (rpc.untold !== undefined && !(given.assumed && rpc.validated))
    return { prediction: { kind: "untold", why: rpc.untold }, asked: response.asked };
  try {
    return { prediction: ended(response, rpc, caller, askedBy(rpc, given)), asked: response.asked };
  } catch (error) {
    if (!(error instanceof Untold)) throw error;
    return { prediction: { kind: "untold", why: error.message }, asked: response.asked };
  }
}

function callerOf(behaviour: BehaviourReport, rpc: RpcBehaviour, given: Given): Caller | undefined {
  if (given.caller !== undefined) return given.caller ?? undefined;
  const toAsked = (caller: Caller): Response => responding(behaviour, rpc, () => ANSWERS, given, caller);
  return foundCaller(behaviour, rpc, askedBy(rpc, given), toAsked);
}

function askedBy(rpc: RpcBehaviour, { request: report = rpc.request, remembered = false }: Given): Asked {
  const request = fromReport(report);
  const fields = request instanceof MessageValue ? [...request.fields] : [];
  // Old answers are there when two requests have come before.
  const times = remembered ? 3 : 1;
  return { request, times, args: new Map(fields.map(([name, value]): [string, Result] => [name, valueResult(value)])) };
}

/** When a BFF on mocks begins: 2027-01-15T08:00:01Z. */
const NOW_NS = 1_800_000_001_000_000_000n;

function responding(
  behaviour: BehaviourReport,
  rpc: RpcBehaviour,
  ending: (method: string) => Ending,
  { remembered = false, env = {}, headers = {} }: Given,
  caller: Caller | undefined,
): Response {
  return {
    behaviour,
    ending,
    forCallsMs: rpc.for_calls_ms,
    remembered,
    // Until old answers are there time passes, and how much is not counted here.
    now: remembered ? UNKNOWN : timestamp(NOW_NS),
    principal: caller?.principal,
    functions: valuesOf(behaviour.functions),
    env: valuesOf({ ...behaviour.env[rpc.service], ...env }),
    headers: new MapValue(Object.entries(headers), ""),
    asked: new Set(),
    guards: [],
    refusals: [],
    touched: new Map(),
    shared: undefined,
  };
}

function valuesOf(reports: { readonly [name: string]: ValueReport }): ReadonlyMap<string, Value> {
  return new Map(Object.entries(reports).map(([name, value]) => [name, fromReport(value)]));
}

function ended(response: Response, rpc: RpcBehaviour, caller: Caller | undefined, asked: Asked): Prediction {
  const report = response.behaviour.messages[rpc.composes];
  if (report === undefined || !(asked.request instanceof MessageValue))
    throw new Untold(`${rpc.composes} is not in the plan`);
  const refused = refusals(response, rpc, caller, asked);
  if (refused.length > 0) return { kind: "status", codes: refused };
  const service = response.behaviour.services[rpc.service];
  if (service !== undefined) response.shared = new Block(response, service, { args: new Map(), starts: rpc.starts });
  const root = new Block(response, report, withItem(response, rpc, asked));
  const failures: Failure[] = [];
  let goesOn = (response.shared?.admits() ?? true) && root.admits();
  let result: Result | undefined;
  if (goesOn) {
    goesOn = response.shared?.finish(failures) ?? true;
    result = root.compose(rpc.composes);
    if (result.state === "failed") failures.push(...result.failures);
  }
  const codes = codesOf(response, failures);
  if (codes.length > 0) return { kind: "status", codes };
  if (!goesOn || result?.state !== "value") throw new Untold("it does not end");
  const made = result.value;
  const entries = made instanceof MessageValue ? (response.touched.get(made) ?? []) : [];
  const { declared } = rpc;
  const told = declared === undefined ? entries : entries.filter(({ path }) => isDeclared(declared, path));
  return { kind: "answer", entries: folded(told).map(predicted) };
}

/** Of a stream the first item that counts stands among the arguments. */
function withItem(response: Response, { stream }: RpcBehaviour, asked: Asked): Asked {
  if (stream === undefined) return asked;
  const block = new Block(response, { steps: [], fields: [] }, asked);
  for (const one of stream.items) {
    const item = valueResult(fromReport(one));
    const locals = new Map([[stream.var, item]]);
    const held = stream.if && block.condition(stream.if, locals);
    if (held !== undefined && (held.state !== "value" || held.value !== true)) continue;
    return { ...asked, args: new Map([...asked.args, [stream.var, item]]) };
  }
  throw new Untold("no item of the sample counts");
}

/** The guards of the root message that hold win over all: the first declared of them. */
function codesOf({ guards, refusals }: Response, failures: readonly Failure[]): number[] {
  const first = Math.min(...guards.flatMap(({ rank }) => rank ?? []));
  if (Number.isFinite(first))
    return distinct(guards.filter(({ rank }) => rank === first || rank === undefined).map(({ code }) => code));
  return distinct([...guards.map(({ code }) => code), ...refusals, ...failures.map(({ code }) => code)]);
}

function isDeclared(
  { message, fields }: { readonly message: string; readonly fields: FieldNames },
  path: string,
): boolean {
  let at: string | null = message;
  for (const name of pattern(path).replaceAll("[*]", "").split(".")) {
    const next: string | null | undefined = at === null ? undefined : fields[at]?.[name];
    if (next === undefined) return false;
    at = next;
  }
  return true;
}

const ALIKE = 8;
const pattern = (path: string): string => path.replace(/\[("(\\.|[^"\\])*"|[^\]]*)\]/g, "[*]");

/** More than eight that differ in list positions only are one. */
function folded(entries: readonly Entry[]): Entry[] {
  const groups = Map.groupBy(entries, (entry) => JSON.stringify({ ...entry, path: pattern(entry.path) }));
  return [...groups.values()].flatMap((alike) => {
    const [first] = alike;
    return first === undefined || alike.length <= ALIKE ? alike : [{ ...first, path: pattern(first.path) }];
  });
}

function predicted({ path, effects, causes, optional }: Entry): PredictedEntry {
  return {
    path,
    effects,
    reasons: distinct(causes.map(({ reason }) => reason)),
    upstreams: distinct(causes.map(({ upstream }) => upstream)),
    optional,
  };
}

// ---- the table ----

/** Every fault of every call of an rpc. */
export function tableOf(behaviour: BehaviourReport, rpc: RpcBehaviour, asked: Given = {}): RpcTable {
  const caller = behaviour.identity && (callerOf(behaviour, rpc, asked) ?? null);
  const given: Given = { ...asked, caller: caller ?? null };
  const healthy = predict(behaviour, rpc, () => ANSWERS, given);
  const cells = callsOf(behaviour, rpc).flatMap(({ method, timeoutMs, stale }) =>
    FAULTS.map((fault): Cell => {
      const cell = { rpc: rpc.rpc, call: method, fault, prediction: undefined };
      if (healthy.prediction.kind !== "untold" && !healthy.asked.has(method)) return { ...cell, left: "not reached" };
      if (fault === "stale" && stale === undefined) return { ...cell, left: "keeps no old answers" };
      if (fault === "breaker open" && breakerOf(behaviour, method) === null) return { ...cell, left: "has no breaker" };
      const met = endingOf(fault);
      const ending = (of: string): Ending => (meets(behaviour, method, fault, of) ? met : ANSWERS);
      const open = openInStream(behaviour, rpc, { method, timeoutMs, fault });
      if (open !== undefined) return { ...cell, prediction: { kind: "untold", why: open } };
      const { prediction } = predict(behaviour, rpc, ending, { ...given, remembered: fault === "stale" });
      return {
        ...cell,
        prediction,
        ...(fault === "slow" && { slowMs: Math.max(1, Math.floor((timeoutMs ?? 100) / 10)) }),
        ...(fault === "stale" && stale !== undefined && { stale }),
      };
    }),
  );
  return { rpc: rpc.rpc, caller, items: rpc.stream !== undefined, healthy: healthy.prediction, cells };
}

/** What of a stream is not told: its opening and its items have time each of their own, and what it follows goes on by itself. */
function openInStream(
  behaviour: BehaviourReport,
  { stream, for_calls_ms: forCallsMs }: RpcBehaviour,
  {
    method,
    timeoutMs,
    fault,
  }: { readonly method: string; readonly timeoutMs: number | undefined; readonly fault: FaultName },
): string | undefined {
  if (stream === undefined) return undefined;
  if (fault === "timeout" && (timeoutMs ?? forCallsMs) >= forCallsMs) return "it has no time of its own";
  if (meets(behaviour, method, fault, stream.method)) return "what is followed meets it, too";
  return undefined;
}

const serviceOf = (method: string): string => method.slice(0, method.lastIndexOf("/"));

/** Whose breaker a method has. */
function breakerOf({ breakers }: BehaviourReport, method: string): string | null {
  const own = breakers[method];
  if (own !== undefined) return own === null ? null : method;
  return breakers[serviceOf(method)] === "service" ? serviceOf(method) : null;
}
/** Whether a call meets the fault of another: breakers and limits are those of the upstream. */
function meets(behaviour: BehaviourReport, method: string, fault: FaultName, of: string): boolean {
  if (fault === "breaker open") return breakerOf(behaviour, of) === breakerOf(behaviour, method);
  if (fault === "limited") return serviceOf(of) === serviceOf(method);
  return of === method;
}

interface CallOfRpc {
  readonly method: string;
  readonly timeoutMs: number | undefined;
  readonly stale: Stale | undefined;
}
/** The methods that a request may call, in the order in which they stand. */
export function callsOf(behaviour: BehaviourReport, rpc: RpcBehaviour): readonly CallOfRpc[] {
  const found = new Map<string, CallOfRpc>();
  const seen = new Set<string>();
  const visit = (block: Pick<BlockBehaviour, "steps"> | undefined, starts?: readonly string[]): void => {
    for (const step of block?.steps ?? []) {
      if (starts !== undefined && !starts.includes(step.name ?? `#${step.index}`)) continue;
      const source = step.source.kind === "each" ? step.source.of : step.source;
      if (source.kind === "call") add(found, source.call);
      if (source.kind !== "compose" || seen.has(source.message)) continue;
      seen.add(source.message);
      visit(behaviour.messages[source.message]);
    }
  };
  visit(rpc.permit);
  visit(behaviour.services[rpc.service], rpc.starts);
  visit(behaviour.messages[rpc.composes]);
  return [...found.values()];
}
/** Of several calls of one method the shortest times. */
function add(found: Map<string, CallOfRpc>, { method, timeout_ms, stale }: CallBehaviour): void {
  const before = found.get(method);
  const times = [before?.timeoutMs, timeout_ms].filter((ms) => ms !== undefined);
  found.set(method, {
    method,
    timeoutMs: times.length === 0 ? undefined : Math.min(...times),
    stale: before?.stale ?? stale,
  });
}

// ---- as text ----

/** A prediction in one line, as tables and tests have it; undefined: it cannot be told. */
export function writtenPrediction(prediction: Prediction): string | undefined {
  if (prediction.kind === "untold") return undefined;
  if (prediction.kind === "status") return `status ${prediction.codes.map(codeName).join("|")}`;
  const entries = prediction.entries.map(({ path, effects, reasons, upstreams, optional }) =>
    [`${path}${optional ? "?" : ""}`, effects.join("|"), reasons.join("|"), upstreams.join("|")].join(" ").trimEnd(),
  );
  return entries.length === 0 ? "answer" : entries.join(", ");
}

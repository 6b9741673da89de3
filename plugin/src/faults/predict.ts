// Predicts the effect of each fault of each upstream on each RPC, from the plan's JSON alone.

import type { BehaviourReport, FieldNames, RpcBehaviour, ValueReport } from "./behaviour.ts";
import { foundCaller } from "./caller.ts";
import { codeName } from "./codes.ts";
import { type Caller, type RequestCase, refusals } from "./composition/admission.ts";
import { Block } from "./composition/block.ts";
import type { Response } from "./composition/composition.ts";
import { firstItem, type Then } from "./composition/followed-call.ts";
import { type Explored, explore, refuseDecisions } from "./values/decisions.ts";
import type { Ending } from "./values/endings.ts";
import {
  type Damage,
  distinct,
  type Effect,
  type Failure,
  type Reason,
  type Result,
  valueResult,
} from "./values/results.ts";
import { fromReport, MapValue, MessageValue, UNKNOWN, Untold, type Value } from "./values/values.ts";

/** Predicted outcome at the client. */
export type Prediction =
  /** `codes`: any of these. */
  | { readonly kind: "status"; readonly codes: readonly number[] }
  /** Nothing in `entries`: as when nothing is wrong. */
  | {
      readonly kind: "answer";
      readonly entries: readonly PredictedEntry[];
      /** End of a stream after this item, if its source fails later. */
      readonly then?: Then;
    }
  /** `otherwise`: the prediction if no uncertain expression is an error. */
  | { readonly kind: "unpredictable"; readonly why: string; readonly otherwise?: Prediction };
/** One Degradation; any of the effects and reasons. */
interface PredictedEntry {
  readonly path: string;
  readonly effects: readonly Effect[];
  readonly reasons: readonly Reason[];
  readonly upstreams: readonly string[];
  /** True if it may be left out. */
  readonly optional: boolean;
}
export const ANSWERS: Ending = { kind: "answer" };

/** Outcome of one request. */
export interface RunResult {
  readonly prediction: Prediction;
  /** Methods that are called, or may be. */
  readonly calledMethods: ReadonlySet<string>;
  /** True if `asked` has all methods. */
  readonly complete: boolean;
}

/** Conditions of a prediction. */
export interface Conditions {
  /** True if stale answers replace failures where the plan allows them. */
  readonly remembered?: boolean;
  /** Default: the example of the plan. */
  readonly request?: ValueReport;
  /** Variables of the environment that are set. */
  readonly env?: { readonly [name: string]: ValueReport };
  /** The request passes what is checked of it before it is composed. */
  readonly assumed?: boolean;
  /** The caller. Null: not authenticated. Default: a caller that the RPC admits. */
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
  ending: Response["ending"],
  conditions: Conditions = {},
): RunResult {
  const caller = callerOf(behaviour, rpc, conditions);
  if (rpc.unpredictable !== undefined && !(conditions.assumed && rpc.validated))
    return { prediction: { kind: "unpredictable", why: rpc.unpredictable }, calledMethods: new Set(), complete: false };
  const { runs, complete } = explore((decide): RunResult => {
    const response = { ...responding(behaviour, rpc, ending, conditions, caller), decide };
    try {
      const prediction = ended(response, rpc, caller, requestCase(rpc, conditions));
      const seen = isSeen(rpc, prediction) ? prediction : UNSEEN;
      return { prediction: seen, calledMethods: response.calledMethods, complete: true };
    } catch (error) {
      if (!(error instanceof Untold)) throw error;
      return {
        prediction: { kind: "unpredictable", why: error.message },
        calledMethods: response.calledMethods,
        complete: false,
      };
    }
  });
  return {
    prediction: merged(runs, complete),
    calledMethods: runs.map(({ result }) => result.calledMethods).reduce((all, some) => all.union(some)),
    complete: complete && runs.every(({ result }) => result.complete),
  };
}

/** The prediction of all runs; unpredictable when a decision makes a difference that no code of a status covers. */
function merged(runs: readonly [Explored<RunResult>, ...Explored<RunResult>[]], complete: boolean): Prediction {
  const [first] = runs;
  const all = runs.map(({ result }) => result.prediction);
  const [{ prediction }, [decision]] = [first.result, first.decisions];
  const open = all.find(({ kind }) => kind === "unpredictable");
  if (open !== undefined) return open;
  if (complete) {
    if (all.every((item) => same(item, prediction))) return prediction;
    if (all.every((item) => item.kind === "status"))
      return { kind: "status", codes: distinct(all.flatMap((item) => item.codes)) };
  }
  const deciding = runs.find(
    ({ result, parent }) => parent !== undefined && !same(result.prediction, parent.prediction),
  );
  const why = (deciding?.flipped ?? decision)?.why ?? "too much of it is not known";
  const otherwise = first.decisions.every(({ isError }) => isError) && { otherwise: prediction };
  return { kind: "unpredictable", why, ...otherwise };
}
const same = (a: Prediction, b: Prediction): boolean => JSON.stringify(a) === JSON.stringify(b);

/** True if the client can see the faults of a message. That of a stream needs a field for them. */
function isSeen({ stream, live, degraded }: RpcBehaviour, prediction: Prediction): boolean {
  const needsField = stream !== undefined || live !== undefined;
  return !needsField || degraded !== undefined || prediction.kind !== "answer" || prediction.entries.length === 0;
}
const UNSEEN: Prediction = { kind: "unpredictable", why: "its messages have no field for what is degraded" };

export function callerOf(behaviour: BehaviourReport, rpc: RpcBehaviour, conditions: Conditions): Caller | undefined {
  if (conditions.caller !== undefined) return conditions.caller ?? undefined;
  const responseTo = (caller: Caller): Response => responding(behaviour, rpc, () => ANSWERS, conditions, caller);
  return foundCaller(behaviour, rpc, requestCase(rpc, conditions), responseTo);
}

export function requestCase(
  rpc: RpcBehaviour,
  { request: report = rpc.request, remembered = false }: Conditions,
): RequestCase {
  const request = fromReport(report);
  const fields = request instanceof MessageValue ? [...request.fields] : [];
  // Stale answers exist after two earlier requests.
  const times = remembered ? 3 : 1;
  return { request, times, args: new Map(fields.map(([name, value]): [string, Result] => [name, valueResult(value)])) };
}

/** When a BFF on mocks begins: 2027-01-15T08:00:01Z. */
const NOW = new MessageValue("google.protobuf.Timestamp", new Map([["seconds", 1_800_000_001n]]));

export function responding(
  behaviour: BehaviourReport,
  rpc: RpcBehaviour,
  ending: Response["ending"],
  { remembered = false, env = {}, headers = {} }: Conditions,
  caller: Caller | undefined,
): Response {
  return {
    behaviour,
    decide: refuseDecisions,
    ending,
    forCallsMs: rpc.for_calls_ms,
    remembered,
    // An unknown time passes before answers are stale.
    now: remembered ? UNKNOWN : NOW,
    principal: caller?.principal,
    functions: valuesOf(behaviour.functions),
    env: valuesOf({ ...behaviour.env[rpc.service], ...env }),
    headers: new MapValue(Object.entries(headers), ""),
    calledMethods: new Set(),
    guards: [],
    refusals: [],
    touched: new Map(),
    shared: undefined,
  };
}

function valuesOf(reports: { readonly [name: string]: ValueReport }): ReadonlyMap<string, Value> {
  return new Map(Object.entries(reports).map(([name, value]) => [name, fromReport(value)]));
}

function ended(response: Response, rpc: RpcBehaviour, caller: Caller | undefined, request: RequestCase): Prediction {
  const report = response.behaviour.messages[rpc.composes];
  if (report === undefined || !(request.request instanceof MessageValue))
    throw new Untold(`${rpc.composes} is not in the plan`);
  const refused = refusals(response, rpc, caller, request);
  if (refused.length > 0) return { kind: "status", codes: refused };
  const service = response.behaviour.services[rpc.service];
  if (service !== undefined) response.shared = new Block(response, service, { args: new Map(), starts: rpc.starts });
  const start = withItem(response, rpc, request);
  if (typeof start === "number") throw new Untold("its key is none, and what is asked before is not told");
  const root = new Block(response, report, start);
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
  const visible = declared === undefined ? entries : entries.filter(({ path }) => isDeclared(declared, path));
  return { kind: "answer", entries: folded(visible).map(predicted) };
}

/**
 * Adds the first matching item of a stream to the arguments. A number: the code with which the stream fails before one.
 */
function withItem(response: Response, { stream }: RpcBehaviour, request: RequestCase): RequestCase | number {
  if (stream === undefined) return request;
  const item = firstItem(response, stream, request);
  if (typeof item === "number") return item;
  return { ...request, args: new Map([...request.args, [stream.var, valueResult(item.value)]]) };
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

/** More than eight entries that differ only in list positions become one. */
function folded(entries: readonly Damage[]): Damage[] {
  const groups = Map.groupBy(entries, (entry) => JSON.stringify({ ...entry, path: pattern(entry.path) }));
  return [...groups.values()].flatMap((alike) => {
    const [first] = alike;
    return first === undefined || alike.length <= ALIKE ? alike : [{ ...first, path: pattern(first.path) }];
  });
}

function predicted({ path, effects, causes, optional }: Damage): PredictedEntry {
  return {
    path,
    effects,
    reasons: distinct(causes.map(({ reason }) => reason)),
    upstreams: distinct(causes.map(({ upstream }) => upstream)),
    optional,
  };
}

// ---- as text ----

/**
 * Formats a prediction in one line, for tables and tests. Undefined: there is no prediction.
 *
 * @example
 * writtenPrediction({ kind: "status", codes: [14] }); // "status UNAVAILABLE"
 */
export function writtenPrediction(prediction: Prediction): string | undefined {
  if (prediction.kind === "unpredictable") return undefined;
  if (prediction.kind === "status") return `status ${prediction.codes.map(codeName).join("|")}`;
  const entries = prediction.entries.map(({ path, effects, reasons, upstreams, optional }) =>
    [`${path}${optional ? "?" : ""}`, effects.join("|"), reasons.join("|"), upstreams.join("|")].join(" ").trimEnd(),
  );
  const then = prediction.then === undefined ? "" : `; then ${writtenThen(prediction.then)}`;
  return (entries.length === 0 ? "answer" : entries.join(", ")) + then;
}
function writtenThen(then: Then): string {
  if (then.kind === "status") return `status ${codeName(then.code)}`;
  return then.kind === "end" ? "end" : "item";
}

// The table: every fault of every call of an rpc, and of the call that it follows.

import type { BehaviourReport, BlockBehaviour, CallBehaviour, RpcBehaviour } from "./behaviour.ts";
import type { Caller } from "./composition/admission.ts";
import type { StepCall } from "./composition/composition.ts";
import { behindFirst, firstItem, isLater, openingFault } from "./composition/followed-call.ts";
import {
  ANSWERS,
  type Conditions,
  callerOf,
  type Prediction,
  predict,
  type RunResult,
  requestCase,
  responding,
} from "./predict.ts";
import { type Ending, endingOf, FAULTS, type FaultName, type FollowedFault, LATER_FAULTS } from "./values/endings.ts";
import { equal, UNKNOWN, Untold } from "./values/values.ts";

export interface Cell {
  readonly rpc: string;
  /** `package.Service/Method` */
  readonly call: string;
  readonly fault: FollowedFault;
  /** Undefined: the call is not made, or its answers are not kept. */
  readonly prediction: Prediction | undefined;
  /** Reason why there is no prediction. */
  readonly left?: "not reached" | "keeps no old answers" | "has no breaker" | "its list has one item";
  /** Delay of a slow answer, in milliseconds. */
  readonly slowMs?: number;
  readonly stale?: Stale;
  /** The followed call, with the number of items before a later fault. */
  readonly followed?: { readonly items: number };
}
type Stale = NonNullable<CallBehaviour["stale"]>;
/** Predictions for one RPC: without a fault, and for every fault of every call. */
export interface RpcTable {
  readonly rpc: string;
  /** The caller. Null: not authenticated; undefined: the RPC does not authenticate. */
  readonly caller: Caller | null | undefined;
  /** The outcome is that of the first item. */
  readonly items: boolean;
  readonly healthy: Prediction;
  readonly cells: readonly Cell[];
}

/**
 * Returns the predictions of every fault of every call of an RPC.
 *
 * @example
 * const tables = behaviour.rpcs.map((rpc) => tableOf(behaviour, rpc));
 */
export function tableOf(behaviour: BehaviourReport, rpc: RpcBehaviour, options: Conditions = {}): RpcTable {
  const caller = behaviour.identity && (callerOf(behaviour, rpc, options) ?? null);
  const conditions: Conditions = { ...options, caller: caller ?? null };
  const healthy = predict(behaviour, rpc, () => ANSWERS, conditions);
  const cells = callsOf(behaviour, rpc).flatMap((call) =>
    FAULTS.filter((fault) => fault !== "one item" || call.perItem).map(
      (fault): Cell => cellOf(behaviour, rpc, { call, fault, healthy, conditions }),
    ),
  );
  const followed = followedCells(behaviour, rpc, { healthy: healthy.prediction, conditions });
  return {
    rpc: rpc.rpc,
    caller,
    items: rpc.stream !== undefined || rpc.live !== undefined,
    healthy: healthy.prediction,
    cells: [...followed, ...cells],
  };
}

function cellOf(
  behaviour: BehaviourReport,
  rpc: RpcBehaviour,
  {
    call: { method, timeoutMs, stale },
    fault,
    healthy,
    conditions,
  }: {
    readonly call: CallOfRpc;
    readonly fault: FaultName;
    readonly healthy: RunResult;
    readonly conditions: Conditions;
  },
): Cell {
  const cell = { rpc: rpc.rpc, call: method, fault, prediction: undefined };
  if (healthy.complete && !healthy.calledMethods.has(method)) return { ...cell, left: "not reached" };
  if (fault === "stale" && stale === undefined) return { ...cell, left: "keeps no old answers" };
  if (fault === "breaker open" && breakerOf(behaviour, method) === null) return { ...cell, left: "has no breaker" };
  const met = endingOf(fault);
  const first = fault === "one item" ? new FirstItem(met) : undefined;
  const ending = (of: string, stepCall?: StepCall): Ending => {
    if (!meets(behaviour, method, fault, of)) return ANSWERS;
    return first === undefined || stepCall === undefined ? met : first.ending(stepCall);
  };
  const open = openInStream(behaviour, rpc, { method, timeoutMs, fault });
  if (open !== undefined) return { ...cell, prediction: { kind: "unpredictable", why: open } };
  const { prediction } = predict(behaviour, rpc, ending, { ...conditions, remembered: fault === "stale" });
  if (prediction.kind !== "unpredictable" && first?.isAlone) return { ...cell, left: "its list has one item" };
  return {
    ...cell,
    prediction,
    ...(fault === "slow" && { slowMs: Math.max(1, Math.floor((timeoutMs ?? 100) / 10)) }),
    ...(fault === "stale" && stale !== undefined && { stale }),
  };
}

/**
 * Returns why a fault of a stream cannot be predicted. Its opening and its items have separate time budgets. A breaker
 * also guards the followed call.
 */
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
  if (fault === "breaker open" && meets(behaviour, method, fault, stream.method))
    return "what is followed meets it, too";
  return undefined;
}

/** Cells of the followed call, if the first item is known. */
function followedCells(
  behaviour: BehaviourReport,
  rpc: RpcBehaviour,
  { healthy, conditions }: { readonly healthy: Prediction; readonly conditions: Conditions },
): readonly Cell[] {
  const { stream } = rpc;
  if (stream === undefined) return [];
  const cell = { rpc: rpc.rpc, call: stream.method, prediction: undefined };
  const caller = callerOf(behaviour, rpc, conditions);
  const response = responding(behaviour, rpc, () => ANSWERS, conditions, caller);
  return [...FAULTS.filter((fault) => fault !== "one item"), ...LATER_FAULTS].map((fault): Cell => {
    if (fault === "stale") return { ...cell, fault, left: "keeps no old answers" };
    if (fault === "breaker open" && breakerOf(behaviour, stream.method) === null)
      return { ...cell, fault, left: "has no breaker" };
    if (healthy.kind === "unpredictable") return { ...cell, fault, prediction: healthy };
    if (healthy.kind === "status")
      return { ...cell, fault, prediction: { kind: "unpredictable", why: "nothing comes when nothing is wrong" } };
    try {
      const item = firstItem(response, stream, requestCase(rpc, conditions));
      if (typeof item === "number") throw new Untold("its key is none");
      const followed = { items: item.number };
      if (isLater(fault))
        return { ...cell, fault, followed, prediction: { ...healthy, then: behindFirst(stream, fault, item) } };
      const code = openingFault(stream, fault);
      const prediction: Prediction = code === undefined ? healthy : { kind: "status", codes: [code] };
      return { ...cell, fault, followed, prediction, ...(fault === "slow" && { slowMs: 10 }) };
    } catch (error) {
      if (!(error instanceof Untold)) throw error;
      return { ...cell, fault, prediction: { kind: "unpredictable", why: error.message } };
    }
  });
}

const serviceOf = (method: string): string => method.slice(0, method.lastIndexOf("/"));

/** Returns the method or service to which a method's breaker belongs. */
function breakerOf({ breakers }: BehaviourReport, method: string): string | null {
  const declared = breakers[method];
  if (declared !== undefined) return declared === null ? null : method;
  return breakers[serviceOf(method)] === "service" ? serviceOf(method) : null;
}
/** True if a call meets the fault of another: breakers and limits belong to the upstream. */
function meets(behaviour: BehaviourReport, method: string, fault: FaultName, of: string): boolean {
  if (fault === "breaker open") return breakerOf(behaviour, of) === breakerOf(behaviour, method);
  if (fault === "limited") return serviceOf(of) === serviceOf(method);
  return of === method;
}

/** The first call of a list of calls fails, with those that equal it. */
class FirstItem {
  readonly #met: Ending;
  #first: StepCall | undefined;
  isAlone = true;

  constructor(met: Ending) {
    this.#met = met;
  }

  ending(call: StepCall): Ending {
    this.#first ??= call;
    if (call.step !== this.#first.step) throw new Untold("several steps make this call");
    const same = equal(call.inputs, this.#first.inputs);
    if (same === UNKNOWN) throw new Untold("the items are not known");
    if (!same) this.isAlone = false;
    return same ? this.#met : ANSWERS;
  }
}

interface CallOfRpc {
  readonly method: string;
  readonly timeoutMs: number | undefined;
  readonly stale: Stale | undefined;
  /** True if a list makes a call for each item. */
  readonly perItem: boolean;
}
/** Returns the methods that a request may call, in declaration order. */
function callsOf(behaviour: BehaviourReport, rpc: RpcBehaviour): readonly CallOfRpc[] {
  const found = new Map<string, CallOfRpc>();
  const seen = new Set<string>();
  const visit = (
    block: Pick<BlockBehaviour, "steps"> | undefined,
    inList: boolean,
    starts?: readonly string[],
  ): void => {
    for (const step of block?.steps ?? []) {
      if (starts !== undefined && !starts.includes(step.name ?? `#${step.index}`)) continue;
      const isList = inList || step.source.kind === "each";
      const source = step.source.kind === "each" ? step.source.of : step.source;
      if (source.kind === "call") add(found, source.call, isList);
      if (source.kind !== "compose" || seen.has(`${isList} ${source.message}`)) continue;
      seen.add(`${isList} ${source.message}`);
      visit(behaviour.messages[source.message], isList);
    }
  };
  visit(rpc.permit, false);
  visit(behaviour.services[rpc.service], false, rpc.starts);
  visit(behaviour.messages[rpc.composes], false);
  return [...found.values()];
}
/** Merges several calls of one method, with their shortest times. */
function add(
  found: Map<string, CallOfRpc>,
  { method, timeout_ms, stale, batch }: CallBehaviour,
  inList: boolean,
): void {
  const before = found.get(method);
  const times = [before?.timeoutMs, timeout_ms].filter((ms) => ms !== undefined);
  found.set(method, {
    method,
    timeoutMs: times.length === 0 ? undefined : Math.min(...times),
    stale: before?.stale ?? stale,
    perItem: before?.perItem === true || (inList && batch === undefined),
  });
}

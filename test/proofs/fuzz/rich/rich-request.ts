// Runs one random BFF in one world: its requests, and the results of its calls.
import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { FakeClock } from "../../../../packages/testing/src/fake-clock.ts";
import type { Ir } from "../../../../plugin/src/ir/ir.ts";
import type { Observer } from "../../../../runtime/src/observer.ts";
import type { CacheEvent, CallEvent } from "../../../../runtime/src/observer-calls.ts";
import { described, logged, type Made as MadeCall } from "../../load/load.ts";
import { type LoggedCall, type Outcomes, outcomesOf } from "../../oracle/outcomes.ts";
import type { Computed } from "../../oracle/response.ts";
import type { Case } from "../cases.ts";
import { RichWorld, requestIn } from "./rich-world.ts";

/** A BFF in this process. */
export interface Bff {
  readonly close: () => void;
  readonly clock: FakeClock;
  readonly [rpc: string]: unknown;
}
/** Generated code of a case. */
export interface Made {
  readonly testCase: Case;
  readonly ir: Ir;
  readonly methods: readonly DescMethod[];
  readonly create: (options: { mocks: object; observer: Observer }) => Bff;
}
/** Result of a request. */
export interface Came {
  readonly end: "whole" | "degraded" | "failed";
  readonly calls: number;
  readonly fault: string | undefined;
}

/** Returns the difference for these outcomes of calls; undefined: none. */
export type Differs = (outcomes: Outcomes, computed: Computed) => string | undefined;

/** Most assignments of logged calls to steps that are tried; with more of them the case is undecided. */
const MAX_WAYS = 200;
export const UNDECIDED = "undecided";

export class RichRequest {
  readonly message: Message;
  readonly headers: Readonly<Record<string, string>>;
  readonly bff: Bff;
  readonly #made: Made;
  readonly #world: RichWorld;
  readonly #events: Omit<CallEvent, "call">[] = [];
  readonly #cached: Omit<CacheEvent, "request">[] = [];

  /**
   * @param more mocks of the items' upstream
   * @param token in the client's request
   */
  constructor(made: Made, seed: string, { input }: DescMethod, more: object = {}, token = "") {
    this.#made = made;
    this.#world = new RichWorld(seed, Object.keys(more).length > 0);
    const { message, headers } = requestIn(input, seed);
    this.message = { ...message, token } as Message;
    this.headers = headers;
    const observer: Observer = {
      call: (event) => void this.#events.push(event),
      cache: (event) => void this.#cached.push(event),
    };
    this.bff = made.create({ mocks: this.#world.mocks(more), observer });
    this.#world.clock = this.bff.clock;
  }
  get headerMap(): ReadonlyMap<string, string> {
    return new Map(Object.entries(this.headers));
  }

  came(end: Came["end"], differs: Differs): Came {
    this.bff.close();
    const made = this.#events
      .filter(({ stream }) => stream === undefined)
      .map((event) => ({ ...event, requestId: "" }));
    const calls = made.flatMap((event) => (this.#renewed.has(event.fetch) ? old(event, made) : (logged(event) ?? [])));
    const fault = this.#misdone() ?? checkLog(calls, differs, end === "failed" ? COMPUTED : ["service"]);
    const shown =
      fault === undefined || fault === UNDECIDED ? fault : [fault, ...described(this.#made.ir, made)].join("\n");
    return { end, calls: calls.length, fault: shown };
  }

  /** Fetches without a waiter: old answers have been served. */
  get #renewed(): ReadonlySet<object | undefined> {
    const of = (old: boolean) =>
      new Set(this.#cached.flatMap(({ outcome, fetch }) => ((outcome === "stale") === old ? (fetch ?? []) : [])));
    return of(true).difference(of(false));
  }
  /**
   * Returns a violation of the order of side effects. They run one after the other unless they are unordered, and once
   * unless they are declared idempotent.
   */
  #misdone(): string | undefined {
    const text = Object.values(this.#made.testCase.protos).join("\n");
    const { overlapping } = this.#world;
    // A call that ended at its own deadline continues in the upstream until the cancellation arrives.
    if (overlapping !== undefined && !/unordered: true|timeout:/.test(text)) return overlapping;
    const writes = this.#events.filter(({ method }) => /\/(Place|Pay)Order$/.test(method));
    for (const write of writes) {
      if (write.attempts > 1 && !text.includes("idempotent: true"))
        return `${write.method} is sent ${write.attempts} times`;
    }
    return undefined;
  }
}

/** Guards over what cannot fail while it is computed come before any call, and which these are is for the compiler to know. */
const COMPUTED = ["service", "all", "none"] as const satisfies readonly Computed[];

function checkLog(log: readonly LoggedCall[], differs: Differs, all: readonly Computed[]): string | undefined {
  // Cancelled calls are removed if an equal call has a result; otherwise the oracle would assign them to other steps in
  // turn.
  const outcomeNames = new Set(log.filter(({ outcome }) => !("cancelled" in outcome)).map(nameOf));
  const calls = log.filter((call) => !("cancelled" in call.outcome) || !outcomeNames.has(nameOf(call)));
  let first: string | undefined;
  for (const computed of all) {
    let ways = 0;
    for (const outcomes of outcomesOf(calls, MAX_WAYS)) {
      const fault = differs(outcomes, computed);
      if (fault === undefined) return undefined;
      first ??= fault;
      ways++;
    }
    if (ways >= MAX_WAYS) return UNDECIDED;
  }
  return first;
}
/**
 * Logs a renewal as its earlier answer, which was served in its place; if the renewal was refused at once, the answer
 * is marked as stale.
 */
function old({ method, message, attempts, outcome }: MadeCall, all: readonly MadeCall[]): LoggedCall[] {
  if (outcome.ok || attempts > 0) return [];
  const { failure: stale } = outcome;
  const before = all.find(
    (call) => call.outcome.ok && call.method === method && Buffer.from(call.message).equals(message),
  );
  return before?.outcome.ok ? [{ method, message, outcome: { ok: before.outcome.message, stale } }] : [];
}
const nameOf = ({ method, message }: LoggedCall): string => `${method} ${Buffer.from(message).toString("base64")}`;

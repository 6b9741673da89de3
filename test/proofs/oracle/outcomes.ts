// Ends of the calls of one response. The oracle never makes a call: it reads this record.

import {
  createRegistry,
  type DescMessage,
  type DescMethod,
  equals,
  fromBinary,
  type Message,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import type { IrCall, IrStep } from "../../../plugin/src/ir/step.ts";
import type { Beside } from "./result.ts";
import type { Place } from "./static.ts";

/** The call of a step that needs an outcome. */
export interface Asker {
  readonly place: Place;
  readonly step: IrStep;
  readonly call: IrCall;
  /** True if the call has side effects, so that equal ones are made separately. */
  readonly effect: boolean;
  /** The steps through which it is composed, from the response down, without numbers of list items. */
  readonly way: string;
}

/** A failed call, as runtime.md's table maps it. `code`, `clientCode`: gRPC status codes; `reason`: bff.v1.Degradation.Reason. */
export interface CallFailure {
  readonly code: number;
  readonly reason: number;
  /** Full service name; "" when no upstream was at fault. */
  readonly upstream: string;
  readonly clientCode: number;
  /** The upstream's own text, for `error.message`. */
  readonly message?: string;
  /** True if the upstream sent no message: `message` is the runtime's own text, and `as_is` does not pass it on. */
  readonly unsaid?: boolean;
}
export type CallOutcome =
  /** `stale`: an old answer, because of this failure of the call that was to renew it. */
  | { readonly ok: Uint8Array; readonly stale?: Pick<CallFailure, "reason" | "upstream">; readonly beside?: Beside }
  | { readonly failed: CallFailure }
  /** Stopped because its response, or the part of it that it was made for, was over. */
  | { readonly cancelled: true };

export interface LoggedCall {
  /** "pkg.Service/Method" */
  readonly method: string;
  /** The request's bytes. */
  readonly message: Uint8Array;
  readonly outcome: CallOutcome;
  /** True if it ended after more time than a waiter of a batch may have had: later waiters can have prolonged it. */
  readonly late?: boolean;
}

export interface Outcomes {
  /**
   * Returns how a call with this request ended; undefined: it was never made. Several calls with equal requests are
   * taken in turn.
   */
  call(method: DescMethod, request: Message, asker: Asker): CallOutcome | undefined;
  /**
   * Returns the outcome of the call for a key: `alone` requests only this key, `alike` reports whether a logged request
   * contains it.
   */
  batch(
    method: DescMethod,
    alone: Message,
    alike: (request: Message) => boolean,
    asker: Asker,
  ): CallOutcome | undefined;
  /** Returns the calls in the log that no step made. */
  unasked(): readonly LoggedCall[];
}

/**
 * Steps that share the outcome of a batch. "way": all steps that request keys of a call by the same way. They
 * join the call together, and leave it together at their timeout. "key": all steps that request a key. "nothing": no
 * steps. "left": as "nothing", and a step may have ended before its call failed, which continued for others.
 */
const SHARING = ["way", "key", "nothing", "left"] as const;
type Sharing = (typeof SHARING)[number];

/**
 * The outcomes of a log. Several calls with equal requests, or for the same key, may each have been any of the calls that
 * the plan makes with it: then there is one `Outcomes` for each way to choose, the likely ones first. Each has to be
 * used before the next is taken, since only then is it known where there was a choice.
 *
 * @param limit most ways for each kind of sharing
 * @param onLimit called when there are more
 */
export function* outcomesOf(log: readonly LoggedCall[], limit = 4000, onLimit?: () => void): Iterable<Outcomes> {
  for (const sharing of SHARING) {
    let several = false;
    let choices: number[] | undefined = [];
    let made = 0; // of each: on a slow machine many calls are late, and these alone give hundreds of ways
    while (choices !== undefined && made++ < limit) {
      const chooser = new Chooser(choices);
      yield chosen(log, chooser, sharing);
      choices = chooser.next();
      several ||= chooser.several;
    }
    if (choices !== undefined) onLimit?.();
    if (!several) return;
  }
}

class Chooser {
  /** True if one choice was made for several steps. */
  several = false;
  readonly #choices: readonly number[];
  readonly #counts: number[] = [];
  constructor(choices: readonly number[]) {
    this.#choices = choices;
  }
  choose<T>(options: readonly T[]): T | undefined {
    if (options.length <= 1) return options[0];
    const choice = this.#choices[this.#counts.length] ?? 0;
    this.#counts.push(options.length);
    return options[choice];
  }
  /** The next way to choose; undefined when all have been tried. */
  next(): number[] | undefined {
    for (let at = this.#counts.length - 1; at >= 0; at--) {
      const choice = (this.#choices[at] ?? 0) + 1;
      if (choice < (this.#counts[at] ?? 0)) {
        return [...this.#counts.slice(0, at).map((_, i) => this.#choices[i] ?? 0), choice];
      }
    }
    return undefined;
  }
}

function chosen(log: readonly LoggedCall[], chooser: Chooser, sharing: Sharing): Outcomes {
  const taken = new Set<LoggedCall>();
  const matches = new Set<LoggedCall>();
  const kept = new Map<string, LoggedCall | undefined>();
  const left = new Map<string, boolean>();
  const choose = (calls: readonly LoggedCall[]) => {
    const different = new Map([...calls].reverse().map((call) => [fingerprint(call.outcome), call]));
    return chooser.choose([...different.values()].reverse());
  };
  const of = (method: DescMethod) => log.filter((call) => call.method === methodName(method));
  return {
    call(method, request, { effect, step }) {
      const all = of(method).filter((call) => alike(method.input, fromBinary(method.input, call.message), request));
      const equal = all.filter((call) => !taken.has(call));
      // A response makes equal calls without side effects once. A later step gets the same answer, unless its policy
      // differs.
      const found = choose(effect ? equal : [...equal, ...all]);
      if (found === undefined) return undefined;
      if (!effect && step.source?.kind === "each" && "failed" in found.outcome) {
        chooser.several = true;
        if (sharing === "left" && chooser.choose([false, true]) === true) return { cancelled: true };
      }
      taken.add(found);
      // Several calls have the same end; the log does not show which one it was.
      const like = effect ? [found] : all.filter((call) => fingerprint(call.outcome) === fingerprint(found.outcome));
      for (const call of like) matches.add(call);
      if (effect || !("cancelled" in found.outcome)) return found.outcome;
      return chooser.choose([found.outcome, timedOut(method)]);
    },
    // A key may be requested again after its call failed; an answered key is remembered.
    batch(method, alone, alike, { way, step }) {
      const answering = of(method).filter((call) => alike(fromBinary(method.input, call.message)));
      for (const call of answering) matches.add(call);
      const calls = answering.flatMap((call) =>
        mayHaveLeft(call) ? [call, { ...call, outcome: timedOut(method) }] : [call],
      );
      chooser.several ||= calls.some(({ outcome }) => "failed" in outcome);
      if (sharing === "nothing") return choose(calls)?.outcome;
      if (sharing === "left") {
        const outcome = choose(calls)?.outcome;
        if (outcome === undefined || !("failed" in outcome)) return outcome;
        const asker = `${way}/${step.index}`;
        const hasLeft = left.get(asker) ?? chooser.choose([false, true]) === true;
        left.set(asker, hasLeft);
        return hasLeft ? { cancelled: true } : outcome;
      }
      const shared =
        sharing === "way"
          ? `${way} ${answering.map((call) => log.indexOf(call))}`
          : Buffer.from(toBinary(method.input, alone)).toString("base64");
      const key = `${methodName(method)} ${shared}`;
      if (kept.has(key))
        chooser.several ||= calls.length > 1; // late ones count twice
      else kept.set(key, choose(calls));
      return kept.get(key)?.outcome;
    },
    unasked: () => log.filter((call) => !matches.has(call)),
  };
}

const DEADLINE_EXCEEDED = 4;
const TIMEOUT = 1;

/**
 * Reports whether a waiter of the call may have seen a different end: a timeout. A cancelled call may be a fetch of the
 * cache, which begins when a place is free. Its waiter has waited before, and leaves at its own deadline.
 */
function mayHaveLeft({ outcome, late }: LoggedCall): boolean {
  if ("cancelled" in outcome) return true;
  if (late !== true) return false;
  return !("failed" in outcome && outcome.failed.code === DEADLINE_EXCEEDED && outcome.failed.reason === TIMEOUT);
}
/** Returns the outcome for a waiter that leaves at its own deadline. */
function timedOut(method: DescMethod): CallOutcome {
  return {
    failed: {
      code: DEADLINE_EXCEEDED,
      reason: TIMEOUT,
      upstream: method.parent.typeName,
      clientCode: DEADLINE_EXCEEDED,
    },
  };
}

export function methodName(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}

function fingerprint(outcome: CallOutcome): string {
  if (!("ok" in outcome)) return JSON.stringify(outcome);
  return `${Buffer.from(outcome.ok).toString("base64")} ${JSON.stringify([outcome.stale, outcome.beside])}`;
}

/** Has no types: an Any is compared by its bytes. */
const nobody = createRegistry();

/** Reports whether two messages are equal. NaN equals nothing, so the bytes are compared, too. */
export function alike(desc: DescMessage, a: Message, b: Message, unknown = false): boolean {
  return equals(desc, a, b, { registry: nobody, unknown }) || Buffer.from(toBinary(desc, a)).equals(toBinary(desc, b));
}

/** A message for people. */
export function shown(desc: DescMessage, message: Message): string {
  try {
    return toJsonString(desc, message);
  } catch {
    // The message contains an Any of an unknown type.
    return Buffer.from(toBinary(desc, message)).toString("hex");
  }
}

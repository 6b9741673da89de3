// Copies of calls for mirrors of an upstream, and the comparison of their answers with those that were served.
import type { Clock, Timer } from "../../clock.ts";
import { type Code, codeName, type Fault, MASKED, verdictOn } from "../../failure.ts";
import type { Breaker, Ticket } from "../../guard/breaker.ts";
import { isUnreachable } from "../../guard/failure-row.ts";
import type { Observer } from "../../observer.ts";
import type { Difference, MirrorEvent } from "../../observer-calls.ts";
import type { OutgoingHeaders } from "../../transport/call-headers.ts";
import type { CallTap, InFlight, Reply, UnaryClient } from "../../transport/unary-client.ts";
import type { ComparedAnswers } from "./comparison.ts";

/** Maximum number of copies in flight, for each upstream and mirror of a process. */
export const MAX_COPIES = 10;
/** Maximum size of a compared answer, in bytes. */
const MAX_COMPARED_BYTES = 4 * 1024 * 1024;
/** Number of compared calls for each control pair. */
export const CALLS_PER_CONTROL = 20;

/** The part of a method that a copy needs. */
export interface CopyTarget {
  readonly method: string;
  readonly path: string;
  readonly breaker: Breaker | undefined;
  readonly policy: { readonly sensitive?: boolean | undefined };
  readonly upstream: {
    readonly service: string;
    readonly branch: string | undefined;
    readonly client: UnaryClient;
    readonly clock: Clock;
    readonly copies: Copies;
    readonly observer: Observer | undefined;
  };
}

/** A method at the address of a mirror. */
export interface Mirror {
  readonly rpc: CopyTarget;
  /** Undefined: answers are not compared. */
  readonly compared: ComparedAnswers | undefined;
}

/** Places of an upstream's copies at one mirror. */
export class Copies {
  #open = 0;
  #compared = 0;

  /** Takes a place until `leave`. Returns false if there is none. */
  enter(): boolean {
    if (this.#open >= MAX_COPIES) return false;
    this.#open++;
    return true;
  }
  leave(): void {
    this.#open--;
  }
  /** Reports whether the next compared call has a control pair. */
  controls(): boolean {
    return this.#compared++ % CALLS_PER_CONTROL === 0;
  }
}

/** The parts of a call that its copies repeat. */
interface CopiedCall {
  readonly frame: Uint8Array;
  readonly headers: OutgoingHeaders | undefined;
  /** Deadline by the clock. */
  readonly deadline: number;
}

/** A call with copies. */
export class MirroredCall {
  readonly #pairs: Pair[] = [];
  readonly #tap: CallTap | undefined;

  /**
   * Sends the copies of a call, whose first attempt is about to be sent.
   *
   * @param rpc the method at the address that serves
   * @param now time by the clock
   */
  constructor(rpc: CopyTarget, mirrors: readonly Mirror[], of: CopiedCall, now: number) {
    this.#tap = rpc.upstream.client.tap;
    this.#apart(() => {
      for (const mirror of mirrors) {
        this.#send(new Pair("mirror", mirror, mirror.rpc, now), of);
        if (mirror.compared !== undefined && mirror.rpc.upstream.copies.controls())
          this.#send(new Pair("control", mirror, rpc, now), of);
      }
    });
  }
  /** A capture of the request does not contain its copies: they depend on those of other requests. */
  #apart(run: () => void): void {
    if (this.#tap?.apart === undefined) run();
    else this.#tap.apart(run);
  }
  #send(pair: Pair, of: CopiedCall): void {
    if (pair.begin(of)) this.#pairs.push(pair);
  }
  answered(message: Uint8Array): void {
    this.#served(sideOf(message));
  }
  /** @param fault of the last attempt, if it failed the call */
  failed(fault: Fault | undefined): void {
    this.#served(fault?.kind === "status" ? { code: fault.code } : "lost");
  }
  #served(side: Side): void {
    this.#apart(() => {
      for (const pair of this.#pairs) pair.served(side);
    });
  }
}

/** The end of one side of a pair: an answer, a status of the upstream, an answer that is too large, or none. */
type Side = Uint8Array | { readonly code: Code } | "large" | "lost";
interface Ended {
  readonly side: Side;
  readonly tookMs: number;
}
const sideOf = (message: Uint8Array): Side => (message.length > MAX_COMPARED_BYTES ? "large" : message);

/** A served call and one copy of it. */
class Pair implements Reply {
  readonly #kind: MirrorEvent["pair"];
  readonly #mirror: Mirror;
  /** Receiver of the copy: the mirror, or for a control pair the address that serves. */
  readonly #to: CopyTarget;
  readonly #startedAt: number;
  #ticket: Ticket | undefined;
  #position = 0; // in the row of the breaker
  #inFlight: InFlight | undefined;
  #timer: Timer | undefined;
  #copy: Ended | undefined;
  #served: Ended | undefined;
  #settled = false;

  constructor(kind: MirrorEvent["pair"], mirror: Mirror, to: CopyTarget, startedAt: number) {
    this.#kind = kind;
    this.#mirror = mirror;
    this.#to = to;
    this.#startedAt = startedAt;
  }
  /** Sends the copy. Returns false if it was dropped. */
  begin({ frame, headers, deadline }: CopiedCall): boolean {
    const { breaker, path, upstream } = this.#to;
    const { copies, clock } = this.#mirror.rpc.upstream;
    const isRefused = breaker?.refuses === true;
    if (isRefused || !copies.enter()) {
      this.#drop(isRefused ? "breaker" : "busy");
      return false;
    }
    // The control pairs' answers are none that the breaker of the serving side counts.
    if (this.#kind === "mirror") this.#ticket = breaker?.admit();
    this.#position = breaker?.position ?? 0;
    const leftMs = deadline - this.#startedAt;
    this.#timer = clock.setTimeout(expire, leftMs, this);
    try {
      this.#inFlight = upstream.client.send(path, frame, leftMs, { ...headers, "bff-mirror": "1" }, 1, this);
    } catch {
      queueMicrotask(() => this.#ends("lost", undefined));
    }
    return true;
  }
  replied(message: Uint8Array): void {
    this.#ends(sideOf(message), true);
  }
  faulted(fault: Fault): void {
    const side = fault.kind === "status" ? { code: fault.code } : "lost";
    this.#ends(side, verdictOn(fault, true), isUnreachable(fault, true));
  }
  expire(): void {
    this.#inFlight?.cancel();
    this.#ends("lost", false, true);
  }
  served(side: Side): void {
    this.#served ??= { side, tookMs: this.#tookMs };
    if (this.#copy === undefined && this.#mirror.compared !== undefined && typeof side === "string") {
      this.#inFlight?.cancel(); // there is nothing to compare with
      this.#ends("lost", undefined);
    } else this.#settle();
  }

  get #tookMs(): number {
    return this.#mirror.rpc.upstream.clock.now() - this.#startedAt;
  }
  #ends(side: Side, verdict: boolean | undefined, unreachable = false): void {
    if (this.#copy !== undefined) return;
    const { clock } = this.#mirror.rpc.upstream;
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer);
    this.#copy = { side, tookMs: this.#tookMs };
    if (this.#ticket !== undefined) {
      this.#to.breaker?.sample(this.#ticket, verdict, this.#copy.tookMs);
      if (unreachable) this.#to.breaker?.callFailed(this.#ticket, this.#position, this.#inFlight?.address);
    }
    this.#settle();
  }
  #settle(): void {
    const { compared, rpc } = this.#mirror;
    const [copy, served] = [this.#copy, this.#served];
    if (this.#settled || copy === undefined || (compared !== undefined && served === undefined)) return;
    this.#settled = true;
    rpc.upstream.copies.leave();
    if (compared === undefined || served === undefined) this.#report(copy.side === "lost" ? "failed" : "copied");
    else if (served.side === "lost") this.#drop("unanswered");
    else if (served.side === "large" || copy.side === "large") this.#drop("size");
    else if (copy.side === "lost") this.#fail();
    // The response goes first.
    else setImmediate(() => this.#compare(compared, served.side, copy.side));
  }
  async #compare(compared: ComparedAnswers, served: Side, copy: Side): Promise<void> {
    if (served instanceof Uint8Array && copy instanceof Uint8Array) {
      const { differencesOf } = await import("./comparison.ts");
      let differences: readonly Difference[];
      try {
        differences = differencesOf(compared, served, copy);
      } catch {
        this.#fail(); // the copy's answer is no message
        return;
      }
      this.#report(differences.length === 0 ? "same" : "differs", differences);
      return;
    }
    const status = { path: "(status)", served: statusOf(served), copy: statusOf(copy) };
    if (status.served === status.copy) this.#report("same");
    else this.#report("differs", [status]);
  }
  #fail(): void {
    if (this.#kind === "mirror") this.#report("failed");
    else this.#drop("unanswered");
  }
  #drop(reason: MirrorEvent["reason"]): void {
    this.#report("dropped", [], reason);
  }
  #report(
    outcome: MirrorEvent["outcome"],
    differences: readonly Difference[] = [],
    reason?: MirrorEvent["reason"],
  ): void {
    const { upstream, method, policy } = this.#mirror.rpc;
    const { service, branch = "", observer } = upstream;
    const isSecret = policy.sensitive === true;
    observer?.mirrored?.({
      service,
      branch,
      method,
      pair: this.#kind,
      outcome,
      ...(reason !== undefined && { reason }),
      differences: isSecret ? differences.map(({ path }) => ({ path, served: MASKED, copy: MASKED })) : differences,
      ...(this.#served !== undefined && { servedMs: this.#served.tookMs }),
      ...(this.#copy !== undefined && { copyMs: this.#copy.tookMs }),
    });
  }
}

const expire = (pair: Pair): void => pair.expire();
const statusOf = (side: Side): string => (typeof side === "object" && "code" in side ? codeName(side.code) : "OK");

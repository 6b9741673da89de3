// Ends of a stream that do not depend on its items: times that are known in advance, and checks of its caller.
import type { Clock } from "../clock.ts";
import type { Failure } from "../failure.ts";
import type { Recheck } from "../identity/authenticated-request.ts";
import { Alarm } from "./alarm.ts";
import { type EarlyEnd, failureOf } from "./early-end.ts";

/** Interval between two checks of a caller who may be denied or lose its credential, in milliseconds. */
const CHECK_MS = 30_000;
const NEVER = Number.POSITIVE_INFINITY;

/** Returns a check that fails if one of two does. */
export const bothChecks = (first: Recheck | undefined, second: Recheck | undefined): Recheck | undefined =>
  first === undefined || second === undefined ? (first ?? second) : async () => (await first()) ?? second();

export class EndTimes {
  readonly #clock: Clock;
  readonly #end: (end: EarlyEnd, failure: Failure) => void;
  readonly #alarm: Alarm;
  #recheck: Recheck | undefined;
  #cleared = false;
  // Times on the clock.
  #checksAt = NEVER;
  #endsAt = NEVER;
  #endsBy: EarlyEnd = "age";

  /** @param end ends the stream, and clears these times */
  constructor(clock: Clock, end: (end: EarlyEnd, failure: Failure) => void) {
    this.#clock = clock;
    this.#end = end;
    this.#alarm = new Alarm(
      clock,
      () => Math.min(this.#endsAt, this.#checksAt),
      () => this.#ring(),
    );
  }
  /** Adds an end; the first one counts. Sets no alarm before `start`, because the opening has a separate budget. */
  add(at: number, end: EarlyEnd): void {
    if (at >= this.#endsAt) return;
    this.#endsAt = at;
    this.#endsBy = end;
  }
  /** @param recheck undefined: no checks of the caller */
  start(recheck: Recheck | undefined): void {
    this.#recheck = recheck;
    // Streams that open together are not checked together.
    if (recheck !== undefined) this.#checksAt = this.#clock.now() + CHECK_MS * this.#clock.random();
    this.#alarm.set();
  }
  /** Time until the client's deadline, in milliseconds; undefined if another end is sooner. */
  get deadlineMs(): number | undefined {
    return this.#endsBy === "deadline" ? this.#endsAt - this.#clock.now() : undefined;
  }
  clear(): void {
    this.#cleared = true;
    this.#alarm.clear();
  }
  #ring(): void {
    const now = this.#clock.now();
    if (now >= this.#endsAt) {
      this.#end(this.#endsBy, failureOf(this.#endsBy));
      return;
    }
    this.#checksAt = now + CHECK_MS;
    const refusal = this.#recheck?.();
    if (refusal instanceof Promise) void refusal.then((failure) => this.#refuse(failure));
    else this.#refuse(refusal);
  }
  #refuse(failure: Failure | undefined): void {
    if (failure !== undefined && !this.#cleared) this.#end("denied", failure);
  }
}

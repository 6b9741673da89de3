// The recording of one request: everything that enters it, in order. Its work runs in an AsyncLocalStorage, which
// attributes readings of the clock, timers, draws and answers to it.
import { AsyncLocalStorage } from "node:async_hooks";
import { type Clock, systemClock } from "@protobff/runtime/internal/clock";
import type { CapturedDecision, CapturedEntry, EffectEvent, TapeEvent } from "./format.ts";

type Snapshot = ReturnType<typeof AsyncLocalStorage.snapshot>;

/** Runs a function in the context of no request: connections outlive the requests that open them. */
export const outside: Snapshot = AsyncLocalStorage.snapshot();

/** Values that have entered one request. */
export class Recording {
  readonly tape: TapeEvent[] = [];
  readonly readings: number[] = [];
  readonly dates: number[] = [];
  readonly random: number[] = [];
  readonly decisions: CapturedDecision[] = [];
  readonly entries: (readonly [look: number, ...CapturedEntry])[] = [];
  readonly joins: number[] = [];
  readonly headers: Record<string, string | null> = {};
  readonly startedAt = microseconds();
  timers = 0;
  attempts = 0;
  waiters = 0;
  decided = 0;
  looks = 0;
  runs = 0;
  /** True while a guard decides: its own readings are no values that enter the request. */
  isMuted = false;
  /** True if the request has ended, or has exceeded its bound. Nothing is recorded any more. */
  done = false;
  /** True if the request has exceeded its bound. */
  isTooLarge = false;
  #room: number;
  #isTurnOpen = false;
  /** Runs a function in the context of the request. Entering the same context again makes no new one. */
  enter: Snapshot = outside;
  readonly #closeTurn = (): void => {
    this.#isTurnOpen = false;
  };

  /** @param maxBytes bound of the recorded bytes, roughly */
  constructor(maxBytes: number) {
    this.#room = maxBytes;
  }

  /** Records a value that arrives from outside, then continues the request with it. */
  arrives<T>(kind: string, values: readonly unknown[], run: (argument: T) => void, argument: T): void {
    if (this.done) {
      run(argument);
      return;
    }
    const joined = this.#isTurnOpen ? 1 : 0;
    // The event's type is that of `kind`, which callers pass together.
    this.tape.push([kind, microseconds(), this.readings.length, joined, ...values] as unknown as TapeEvent);
    this.spend(EVENT_BYTES);
    if (!this.#isTurnOpen) {
      this.#isTurnOpen = true;
      queueMicrotask(this.#closeTurn);
    }
    this.enter(run, argument);
  }
  /** Begins the request. */
  begin<R>(run: () => R): R {
    return running.run(this, () => {
      this.enter = AsyncLocalStorage.snapshot();
      return run();
    });
  }
  /** Records what the request does to the outside. */
  affects(event: EffectEvent): void {
    if (this.done) return;
    this.tape.push(event);
    this.spend(EVENT_BYTES);
  }
  /** Takes bytes from the bound. */
  spend(bytes: number): void {
    this.#room -= bytes;
    if (this.#room >= 0 || this.done) return;
    this.isTooLarge = true;
    this.done = true;
    this.tape.length = 0;
    this.readings.length = 0;
  }
  /** Runs a function that records nothing. */
  muted<T>(run: () => T): T {
    this.isMuted = true;
    try {
      return run();
    } finally {
      this.isMuted = false;
    }
  }
  /** Records an entry of the cache. */
  keepsEntry(look: number, entry: CapturedEntry): void {
    this.entries.push([look, ...entry]);
    this.spend(entry[0].length);
  }
  /** Records a decision of a guard, if it is not `go`. */
  decides<T extends "go" | CapturedDecision[2]>(guard: string, decide: () => T): T {
    const decision = this.decided++;
    const result = this.muted(decide);
    if (result !== "go") this.decisions.push([decision, guard, result as CapturedDecision[2]]);
    return result;
  }
}

/** Estimate of the size of an event in the file, in bytes. */
const EVENT_BYTES = 40;

const running = new AsyncLocalStorage<Recording | undefined>();

/** Returns the recording of the request that runs now; undefined: none, or it records nothing now. */
export function recording(): Recording | undefined {
  const found = running.getStore();
  return found === undefined || found.done || found.isMuted ? undefined : found;
}

/** The time of the process in whole microseconds, so that a file has the same number as the request has read. */
export const microseconds = (): number => Math.round(systemClock.now() * 1_000);

interface Started<T> {
  readonly of: Recording;
  readonly index: number;
  readonly run: (argument: T) => void;
  readonly argument: T;
}
const fire = <T>({ of, index, run, argument }: Started<T>): void => of.arrives("timer", [index], run, argument);

/** The clock of the process, whose values are recorded for the request that reads them. */
export const recordingClock: Clock = {
  now() {
    const of = recording();
    if (of === undefined) return systemClock.now();
    const now = microseconds();
    of.readings.push(now);
    return now / 1_000;
  },
  date() {
    const date = systemClock.date();
    recording()?.dates.push(date.getTime());
    return date;
  },
  random() {
    const drawn = systemClock.random();
    recording()?.random.push(drawn);
    return drawn;
  },
  setTimeout(run, ms, argument) {
    const of = recording();
    if (of === undefined) return systemClock.setTimeout(run, ms, argument);
    return systemClock.setTimeout(fire<typeof argument>, ms, { of, index: of.timers++, run, argument });
  },
  clearTimeout: (timer) => systemClock.clearTimeout(timer),
};

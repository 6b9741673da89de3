import { performance } from "node:perf_hooks"; // the global one is a getter, and this is asked several times for each call
import { clearShared, SharedTimer, startShared } from "./timers.ts";

/** Opaque handle of a running timer, for the clock that made it. */
export type Timer = object;

/** Source of all time and randomness of the runtime. Tests replace it to control both. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number;
  /** The wall clock. */
  date(): Date;
  /** A number from 0 (included) to 1 (excluded). */
  random(): number;
  /** Calls `run(argument)` once, `ms` milliseconds from now. */
  setTimeout<T>(run: (argument: T) => void, ms: number, argument: T): Timer;
  clearTimeout(timer: Timer): void;
  /** Calls `run(argument)` in the next turn of the event loop. Undefined: as `setImmediate` does. */
  setImmediate?<T>(run: (argument: T) => void, argument: T): void;
}

/** The longest timer that Node has, in milliseconds: it fires a longer one at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** The time of this process. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  random: Math.random,
  // Rounded up, since Node truncates: a timer that fires early would find nothing due.
  setTimeout: (run, ms, argument) => {
    const whole = Math.max(1, Math.min(Math.ceil(ms), MAX_TIMER_MS));
    return startShared(run, whole, argument) ?? setTimeout(run, whole, argument);
  },
  clearTimeout: (timer) => {
    if (timer instanceof SharedTimer) clearShared(timer);
    else clearTimeout(timer as NodeJS.Timeout);
  },
};

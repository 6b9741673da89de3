import { performance } from "node:perf_hooks";

/** Number of ticks that are remembered: waits that began before them contain all pauses since. */
const REMEMBERED = 256;

/**
 * Least pause of a tick that counts, in milliseconds. Systems count processor time in steps: the sum of shorter pauses
 * would hide an overload.
 */
const LEAST_MS = 60;

/** Times in milliseconds since some moment: the event loop was busy, and the process used a processor. */
export interface UsedTime {
  readonly busyMs: number;
  readonly cpuMs: number;
}

/** Returns the times of this process: its other threads, such as those of garbage collections, work for the same requests. */
export function usedTime(): UsedTime {
  const { user, system } = process.cpuUsage();
  return { busyMs: performance.eventLoopUtilization().active, cpuMs: (user + system) / 1_000 };
}

/**
 * Time in which the process could not work, because of a quota, a stop or other processes of the machine: wall time
 * without processor time. It is no delay of the event loop.
 */
export class Pauses {
  readonly #used: () => UsedTime;
  #before: UsedTime = { busyMs: 0, cpuMs: 0 };
  #totalMs = 0;
  /** Time for which the event loop worked, in milliseconds, as of the last tick. */
  workedMs = 0;
  #ticks: { readonly at: number; readonly totalMs: number }[] = [];

  constructor(used: () => UsedTime) {
    this.#used = used;
  }
  /** Begins anew. */
  begin(now: number): void {
    this.#before = this.#used();
    this.#ticks = [{ at: now, totalMs: this.#totalMs }];
  }
  /**
   * Ends a tick. Returns the part of its time that was a pause.
   *
   * @param lateMs lateness of its timer
   */
  tick(now: number, lateMs: number): number {
    const { busyMs, cpuMs } = this.#used();
    const cpu = cpuMs - this.#before.cpuMs;
    const busy = busyMs - this.#before.busyMs;
    // A loop that is stopped while it waits for events is late, and not busy.
    const unusedMs = Math.max(busy, lateMs) - cpu;
    const pausedMs = unusedMs < LEAST_MS ? 0 : unusedMs;
    this.workedMs += Math.max(0, busy - pausedMs);
    this.#before = { busyMs, cpuMs };
    this.#totalMs += pausedMs;
    this.#ticks.push({ at: now, totalMs: this.#totalMs });
    if (this.#ticks.length > REMEMBERED) this.#ticks.shift();
    return pausedMs;
  }
  /** Returns the part of a wait until now that was no pause. */
  without(waitMs: number, now: number): number {
    const from = now - waitMs;
    const before = this.#ticks.findLast(({ at }) => at <= from) ?? this.#ticks[0];
    return Math.max(0, waitMs - (this.#totalMs - (before?.totalMs ?? this.#totalMs)));
  }
}

// An upstream as a queue with servers, and processes that call it under open-loop load, each through a separate limit.
import type { LimitState } from "../../../../runtime/src/observer-upstreams.ts";
import type { Timeline } from "./timeline.ts";

/** Interface of a limit for a world; `answered` and `refused` precede `release`. */
export interface Guard {
  readonly state: LimitState;
  enter(waiter: { critical: boolean; admitted(): void; shed(): void }): "go" | "wait" | "full";
  leave(waiter: { critical: boolean; admitted(): void; shed(): void }): void;
  release(): void;
  answered(serviceMs: number, sentAt: number, now: number, flight: number): void;
  refused(sentAt: number, now: number, flight: number): void;
}

interface Job {
  readonly ms: number;
  readonly done: () => void;
}

/** As many calls at a time as it has servers; the others wait in line. It does not look at deadlines, as most do not. */
export class Servers {
  readonly #time: Timeline;
  #line: Job[] = [];
  #busy = 0;
  #head = 0;
  /** Number of calls that it processes at once. */
  servers: number;
  /** Factor of the duration of each call. */
  slowness = 1;
  /** Number of calls from which it refuses at once; its answers then count as refused. */
  most = Number.POSITIVE_INFINITY;

  constructor(time: Timeline, servers: number) {
    this.#time = time;
    this.servers = servers;
  }
  get inside(): number {
    return this.#busy + this.#line.length - this.#head;
  }
  /** Accepts a call; returns false if it is refused. */
  call(ms: number, done: () => void): boolean {
    if (this.inside >= this.most) return false;
    this.#line.push({ ms, done });
    this.#work();
    return true;
  }
  #work(): void {
    while (this.#busy < this.servers && this.#head < this.#line.length) {
      const job = this.#line[this.#head++] as Job;
      if (this.#head > 1_000) {
        this.#line = this.#line.slice(this.#head);
        this.#head = 0;
      }
      this.#busy++;
      this.#time.after(job.ms * this.slowness, () => {
        this.#busy--;
        job.done();
        this.#work();
      });
    }
  }
}

export interface Load {
  /** Calls a second. */
  rate: number;
  /** Deadline of each call, in milliseconds. */
  readonly deadlineMs: number;
  /** The part of them that is critical. */
  readonly critical: number;
  /** Returns the duration of a call without a queue, in milliseconds. */
  readonly serviceMs: () => number;
}

/** Results of calls, in one span of time. */
export interface Tally {
  calls: number;
  good: number;
  goodCritical: number;
  critical: number;
  timeouts: number;
  /** Calls that were refused, at once or while they waited. */
  shed: number;
  /** Latencies of the good ones, from ready to answer, in milliseconds. */
  readonly latencies: number[];
}
const tally = (): Tally => ({ calls: 0, good: 0, goodCritical: 0, critical: 0, timeouts: 0, shed: 0, latencies: [] });

/** One process that calls. */
export class Caller {
  readonly #time: Timeline;
  readonly #servers: Servers;
  readonly #guard: Guard;
  readonly load: Load;
  now = tally();
  open = 0;

  constructor(time: Timeline, servers: Servers, guard: Guard, load: Load) {
    this.#time = time;
    this.#servers = servers;
    this.#guard = guard;
    this.load = load;
    this.#later();
  }
  /** Returns the results of calls since the last reading. */
  take(): Tally {
    const { now } = this;
    this.now = tally();
    return now;
  }
  #later(): void {
    const rate = Math.max(this.load.rate, 1e-6);
    this.#time.after((-Math.log(1 - this.#time.random()) * 1_000) / rate, () => {
      this.#call();
      this.#later();
    });
  }
  #call(): void {
    const time = this.#time;
    const guard = this.#guard;
    const { load } = this;
    const began = time.now();
    const serviceMs = load.serviceMs();
    let flight = 0;
    let sentAt: number | undefined;
    let over = false;
    const critical = time.random() < load.critical;
    this.now.calls++;
    if (critical) this.now.critical++;
    const ends = (): boolean => {
      if (over) return false;
      over = true;
      this.open--;
      time.clearTimeout(timer);
      return true;
    };
    const shed = (): void => {
      if (ends()) this.now.shed++;
    };
    const send = (): void => {
      const sent = time.now();
      sentAt = sent;
      flight = guard.state.taken;
      const taken = this.#servers.call(serviceMs, () => {
        if (!ends()) return;
        this.now.good++;
        if (critical) this.now.goodCritical++;
        this.now.latencies.push(time.now() - began);
        guard.answered(serviceMs, sent, time.now(), flight);
        guard.release();
      });
      if (taken) return;
      time.after(1, () => {
        if (!ends()) return;
        this.now.shed++;
        guard.refused(sent, time.now(), flight);
        guard.release();
      });
    };
    const waiter = { critical, admitted: send, shed };
    const timer = time.after(load.deadlineMs, () => {
      if (!ends()) return;
      this.now.timeouts++;
      if (sentAt === undefined) {
        guard.leave(waiter);
        return;
      }
      // The runtime's rule: only an attempt that had fair time counts.
      if (time.now() - sentAt >= load.deadlineMs - 1) guard.refused(sentAt, time.now(), flight);
      guard.release();
    });
    this.open++;
    const entry = guard.enter(waiter);
    if (entry === "go") send();
    else if (entry === "full") shed();
  }
}

export function percentile(all: readonly number[], part: number): number {
  const sorted = [...all].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

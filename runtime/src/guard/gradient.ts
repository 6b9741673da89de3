import type { Clock } from "../clock.ts";

/** It never goes below: with fewer in flight there would be too few answers to learn from. */
export const FLOOR = 3;
/** Where it starts; what is not used is not cut below this. */
export const START = 20;
/** How much longer than alone an answer may take, before it counts as waiting in the upstream. */
export const BUFFER = 1.5;
/** How many more, in roots of what there is: Envoy has 1, with which processes that share an upstream would divide it unevenly. */
export const HEADROOM = 2;
const SLOWEST = 0.5; // it halves, at most, in one window
const FASTEST = 2;
const WINDOW_MS = 100;
const LONGEST_WINDOW_MS = 1_000;
const LEAST_SAMPLES = 10;
/** Of one answer no more counts than so many times its base: an outlier is not an overload. */
const OUTLIER = 10;
/** How fast what answers take alone follows what they take while there is room, and what they take if that is much longer. */
const DRIFT_MS = 10_000;
const SLOW_DRIFT_MS = 300_000;
/** In its first windows a base is a running mean: the first answers to come are the fastest. */
const YOUNG = 30;
const NEW = 5; // while there is no room, as nobody knows what a load has to do with it
/** How long half of the calls are held back to see what answers take then, and how often; doubled for slow upstreams. */
const PROBE_MS = 500;
const PROBES_APART = 20; // times as long
/** Answers that take no longer than so are not asked about. */
const AS_BEFORE = 1.2;
/** With half in flight they take as long as with all, if it is more than so much of it: what takes long is not our queue. */
const AS_LONG = 0.85;
const MOST_AT_ONCE = 1.25;

/** What a window of answers says. */
export interface Said {
  /** How many were in flight when these were sent, on average. */
  readonly flight: number;
  /** How much longer they took than they take alone. */
  readonly slowdown: number;
  /** The part of all, from 0 to 1, that the upstream did not take on, or did not answer in time. */
  readonly refused: number;
}

/**
 * The limit after a window that has used it: by the formula of Envoy's gradient controller, over what was in flight, and with what was
 * refused.
 */
export function nextLimit(limit: number, { flight, slowdown, refused }: Said): number {
  const gradient = Math.max(SLOWEST, Math.min(FASTEST, BUFFER / slowdown));
  // What is in flight, not what might be, makes answers slow; and what was sent under another limit counts as what it was.
  const slow = Math.max((flight * BUFFER) / slowdown, SLOWEST * Math.min(limit, flight));
  const kept = gradient >= 1 ? limit * (refused > 0 ? 1 : gradient) : slow;
  const taken = Math.max(kept * (1 - refused), kept * SLOWEST);
  return taken + HEADROOM * Math.sqrt(taken) * (1 - refused);
}

/** How long one kind of answers takes when the upstream has time for it. */
export class Pace {
  /** In milliseconds; undefined: too few have come. */
  baseMs: number | undefined;
  /** Since it was last asked. */
  answers = 0;
  /** How often it has been asked since it has a base. */
  windows = 0;
  #sumMs = 0;

  took(ms: number): void {
    this.answers++;
    const { baseMs } = this;
    this.#sumMs += baseMs === undefined ? ms : Math.min(ms, OUTLIER * baseMs);
    if (baseMs === undefined && this.answers === LEAST_SAMPLES) this.baseMs = Math.max(this.take(), LEAST_MS);
  }
  /** The mean of those since it was last asked. */
  take(): number {
    const mean = this.#sumMs / this.answers;
    this.answers = 0;
    this.#sumMs = 0;
    return mean;
  }
}
/** A clock may stand still while one is answered. */
const LEAST_MS = 0.001;

/** What has been told since some moment. */
class Sum {
  ms = 0; // of those whose pace is known
  baseMs = 0;
  flight = 0; // weighted with baseMs
  allMs = 0;
  answers = 0;
  refused = 0;
  peak = 0;

  get slowdown(): number {
    return this.baseMs > 0 ? this.ms / this.baseMs : 1;
  }
  get refusedPart(): number {
    return this.refused === 0 ? 0 : this.refused / (this.refused + this.answers);
  }
  add(ms: number, base: number, flight: number): void {
    this.ms += Math.min(ms, OUTLIER * base);
    this.baseMs += base;
    this.flight += flight * base;
  }
  clear(): void {
    this.ms = 0;
    this.baseMs = 0;
    this.flight = 0;
    this.allMs = 0;
    this.answers = 0;
    this.refused = 0;
    this.peak = 0;
  }
}

/** A question to the upstream: do answers take less when half as much is in flight? */
interface Probe {
  /** The limit to go back to, and the slowdown with all in flight. */
  readonly limit: number;
  readonly slowdown: number;
  /** Those sent between these count; before, the rest still drains. */
  readonly from: number;
  readonly until: number;
  /** When what was sent until then has been answered. */
  readonly ends: number;
  readonly sum: Sum;
  /** Fewer there cannot be. */
  readonly lowest: boolean;
  held: boolean;
}

/**
 * How many calls an upstream bears, after how long its answers take: while they take what they take alone, more; when they take
 * longer, they wait in the upstream, and fewer do as well. Nothing runs while nothing is called: answers alone drive it.
 */
export class Gradient {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #floor: number;
  readonly #paces = new Map<string, Pace>();
  readonly #window = new Sum();
  #limit: number;
  #whole: number;
  #from: number; // of the window
  #untilMs = WINDOW_MS;
  #slowdown = 1; // of the last windows
  #refused = 0;
  #slow = false;
  #bound = false; // whether the last window has used the limit
  #meanMs = 0;
  #slowestMs = 0; // base of the slowest kind in the last window
  #probe: Probe | undefined;
  #probeAt: number;

  constructor(most: number, clock: Clock) {
    this.#clock = clock;
    this.#most = most;
    this.#floor = Math.min(FLOOR, most);
    this.#limit = Math.min(START, most);
    this.#whole = Math.floor(this.#limit);
    this.#from = clock.now();
    this.#probeAt = this.#from;
    this.#nextProbe(this.#from);
  }
  /** So many at once, now. */
  get limit(): number {
    return this.#whole;
  }
  /** How long answers take now, in milliseconds; 0 before the first. */
  get meanMs(): number {
    return this.#meanMs;
  }
  /** The pace of one kind of answers, which only answers of that kind set. */
  paceOf(kind: string): Pace {
    const pace = this.#paces.get(kind) ?? new Pace();
    this.#paces.set(kind, pace);
    return pace;
  }
  /**
   * The upstream has answered.
   *
   * @param flight how many were in flight when it was sent, with itself
   * @param taken how many are now
   */
  answered(pace: Pace, sentAt: number, now: number, flight: number, taken: number): void {
    const ms = now - sentAt;
    const sum = this.#window;
    const base = pace.baseMs;
    pace.took(ms);
    sum.answers++;
    sum.allMs += ms;
    if (base !== undefined) {
      sum.add(ms, base, flight);
      const probe = this.#probe;
      if (probe !== undefined && sentAt >= probe.from && sentAt <= probe.until) {
        probe.sum.answers++;
        probe.sum.add(ms, base, flight);
      }
    }
    this.#told(now, taken);
  }
  /** The upstream did not take it on, or had no answer in time. */
  refused(now: number, taken: number): void {
    this.#window.refused++;
    this.#told(now, taken);
  }
  #told(now: number, taken: number): void {
    const sum = this.#window;
    if (taken > sum.peak) sum.peak = taken;
    if (now - this.#from >= this.#untilMs && sum.answers + sum.refused >= LEAST_SAMPLES) this.#windowEnds(sum, now);
    const probe = this.#probe;
    if (probe !== undefined) this.#probing(probe, now);
    else if (now >= this.#probeAt) this.#ask(now, taken);
  }
  #windowEnds(sum: Sum, now: number): void {
    const { slowdown, refusedPart: refused, peak, baseMs } = sum;
    const bound = peak * 2 > this.#limit;
    this.#bound = bound;
    this.#refused = refused;
    this.#slowdown += (slowdown - this.#slowdown) * 0.3;
    const slow = slowdown > BUFFER;
    const chance = slow && refused === 0 && !this.#slow; // one slow window may be
    this.#slow = slow;
    if (this.#probe?.held !== true && !chance) {
      // As if the limit were a fraction in what it lets through, too: rounded down it would sink.
      const flight = ((baseMs > 0 ? sum.flight / baseMs : peak) * this.#limit) / this.#whole;
      const next = nextLimit(this.#limit, { flight, slowdown, refused });
      if (bound) this.#set(next);
      else if (next < this.#limit) this.#set(Math.min(this.#limit, Math.max(next, 2 * peak, START)));
    }
    this.#drift(bound, slowdown, now - this.#from);
    if (sum.answers > 0) this.#meanMs = sum.allMs / sum.answers;
    this.#untilMs = Math.max(WINDOW_MS, Math.min(LONGEST_WINDOW_MS, 2 * this.#slowestMs), this.#slowestMs);
    this.#from = now;
    sum.clear();
  }
  /** What answers take while there is room is what they take alone; while there is none, only less can be that. */
  #drift(bound: boolean, slowdown: number, ms: number): void {
    const up = bound ? 0 : Math.min(1, ms / (slowdown > AS_BEFORE ? SLOW_DRIFT_MS : DRIFT_MS));
    const down = Math.min(1, ms / DRIFT_MS);
    let slowest = 0;
    for (const pace of this.#paces.values()) {
      const { baseMs, answers } = pace;
      if (baseMs === undefined || answers === 0) continue;
      const more = pace.take() - baseMs;
      const young = ++pace.windows < (bound ? NEW : YOUNG) ? 1 / (pace.windows + 1) : 0;
      pace.baseMs = Math.max(LEAST_MS, baseMs + more * Math.max(young, more > 0 ? up : down));
      if (baseMs > slowest) slowest = baseMs;
    }
    this.#slowestMs = slowest;
  }

  /** Halves what is in flight for a moment, where answers take long and nobody can say whether that is our doing. */
  #ask(now: number, taken: number): void {
    const began = this.#probeAt;
    const ms = this.#nextProbe(now);
    if (!this.#bound || this.#slowdown <= AS_BEFORE || this.#refused > 0.01) return;
    this.#probe = {
      limit: this.#limit,
      slowdown: this.#slowdown,
      from: Math.max(now, began + ms / 2),
      until: began + ms,
      ends: began + ms * 1.5,
      sum: new Sum(),
      lowest: this.#whole <= this.#floor,
      held: true,
    };
    this.#set(Math.min(this.#limit, taken) / 2);
  }
  #probing(probe: Probe, now: number): void {
    if (probe.held && now > probe.until) {
      probe.held = false;
      this.#set(probe.limit);
    }
    if (now <= probe.ends) return;
    this.#probe = undefined;
    const { answers, slowdown } = probe.sum;
    if (answers < LEAST_SAMPLES) return;
    const chance = 2 / Math.sqrt(answers); // by which a mean of so many, that spread as widely as an exponential's, may be off
    const longer =
      slowdown > Math.max(AS_BEFORE, 1 + chance) &&
      (probe.lowest || slowdown > AS_LONG * Math.max(probe.slowdown, this.#slowdown));
    const rise = longer ? Math.min(MOST_AT_ONCE, slowdown) : 1;
    const factor = slowdown < 1 - chance ? slowdown : rise;
    for (const pace of this.#paces.values())
      if (pace.baseMs !== undefined) pace.baseMs = Math.max(LEAST_MS, pace.baseMs * factor);
  }
  /** To a moment that all processes have in common, as far as their clocks agree (docs/decisions/0033-adaptive-limits.md); gives how long it takes. */
  #nextProbe(now: number): number {
    let ms = PROBE_MS;
    while (ms < 8 * this.#slowestMs) ms *= 2;
    const apart = ms * PROBES_APART;
    this.#probeAt = now + apart - (this.#clock.date().getTime() % apart);
    return ms;
  }
  #set(limit: number): void {
    this.#limit = Math.max(this.#floor, Math.min(this.#most, limit));
    this.#whole = Math.floor(this.#limit);
  }
}

import type { Clock } from "../clock.ts";

/** Minimum of the limit: with fewer calls in flight there would be too few answers to learn from. */
export const FLOOR = 3;
/** Initial limit. A limit that is not used up is not reduced below it. */
export const START = 20;
/** Multiple of its base time up to which an answer does not count as waiting in the upstream. */
export const BUFFER = 1.5;
/**
 * Growth of the limit, in roots of the current one. Envoy has 1, with which processes that share an upstream would
 * divide it unevenly.
 */
export const HEADROOM = 2;
const SLOWEST = 0.5; // it halves, at most, in one window
const FASTEST = 2;
const WINDOW_MS = 100;
const MAX_WINDOW_MS = 1_000;
const LEAST_SAMPLES = 10;
/** Maximum multiple of its base that one answer counts: an outlier is not an overload. */
const OUTLIER = 10;
/** How fast what answers take alone follows what they take while there is room, and what they take if that is much longer. */
const DRIFT_MS = 10_000;
const SLOW_DRIFT_MS = 300_000;
/** Number of first windows in which a base is a running mean: the first answers to arrive are the fastest. */
const YOUNG = 30;
const NEW = 5; // while there is no room, as nobody knows what a load has to do with it
/**
 * Time for which half of the calls are held back to measure answers, in milliseconds, and the interval as a multiple of
 * it. Doubled for slow upstreams.
 */
const PROBE_MS = 500;
const PROBES_APART = 20; // times as long
/** Slowdown up to which answers cause no probe. */
const AS_BEFORE = 1.2;
/**
 * Share of the time with all in flight. If answers with half in flight take more than this share, our queue is not the
 * cause.
 */
const AS_LONG = 0.85;
const MAX_GROWTH = 1.25;

/** Summary of a window of answers. */
interface WindowSummary {
  /** Average number of calls in flight when these were sent. */
  readonly flight: number;
  /** Time of the answers as a multiple of their base time. */
  readonly slowdown: number;
  /** Share of calls, from 0 to 1, that the upstream refused or did not answer in time. */
  readonly refused: number;
}

/**
 * Returns the limit after a window that has used it. The formula is that of Envoy's gradient controller, over the calls
 * in flight, and with refusals.
 */
export function nextLimit(limit: number, { flight, slowdown, refused }: WindowSummary): number {
  const gradient = Math.max(SLOWEST, Math.min(FASTEST, BUFFER / slowdown));
  // Answers are slowed by the calls in flight, not by those that the limit allows. Calls that were sent under another
  // limit count as they were sent.
  const slow = Math.max((flight * BUFFER) / slowdown, SLOWEST * Math.min(limit, flight));
  const kept = gradient >= 1 ? limit * (refused > 0 ? 1 : gradient) : slow;
  const taken = Math.max(kept * (1 - refused), kept * SLOWEST);
  return taken + HEADROOM * Math.sqrt(taken) * (1 - refused);
}

/** Time of one kind of answers while the upstream has capacity. */
export class Pace {
  /** In milliseconds; undefined: too few answers yet. */
  baseMs: number | undefined;
  /** Number of answers since the last `take`. */
  answers = 0;
  /** Number of windows since the base is known. */
  windows = 0;
  #sumMs = 0;

  took(ms: number): void {
    this.answers++;
    const { baseMs } = this;
    this.#sumMs += baseMs === undefined ? ms : Math.min(ms, OUTLIER * baseMs);
    if (baseMs === undefined && this.answers === LEAST_SAMPLES) this.baseMs = Math.max(this.take(), LEAST_MS);
  }
  /** Returns the mean of the answers since the last call. */
  take(): number {
    const mean = this.#sumMs / this.answers;
    this.answers = 0;
    this.#sumMs = 0;
    return mean;
  }
}
/** Minimum of a base in milliseconds, because a clock may stand still during an answer. */
const LEAST_MS = 0.001;

/** Sum of the answers since some moment. */
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

/** A probe of the upstream: do answers take less time with half of the calls in flight? */
interface Probe {
  /** The limit to return to, and the slowdown with all calls in flight. */
  readonly limit: number;
  readonly slowdown: number;
  /** Calls that are sent between these times count; before, the rest still drains. */
  readonly from: number;
  readonly until: number;
  /** Time by which the calls sent until then have been answered. */
  readonly ends: number;
  readonly sum: Sum;
  /** True if the limit cannot be lower. */
  readonly lowest: boolean;
  held: boolean;
}

/**
 * Number of calls that an upstream bears, learned from the time of its answers. While answers take their base time, the
 * limit rises. When they take longer, calls wait in the upstream, and fewer do as well. Nothing runs without calls:
 * answers alone drive it.
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
  /** Current limit. */
  get limit(): number {
    return this.#whole;
  }
  /** Current mean time of answers, in milliseconds; 0 before the first. */
  get meanMs(): number {
    return this.#meanMs;
  }
  /** Returns the pace of one kind of answers, which only answers of that kind change. */
  paceOf(kind: string): Pace {
    const pace = this.#paces.get(kind) ?? new Pace();
    this.#paces.set(kind, pace);
    return pace;
  }
  /**
   * Records an answer of the upstream.
   *
   * @param flight number of calls in flight when it was sent, with itself
   * @param taken number of calls in flight now
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
    this.#sample(now, taken);
  }
  /** Records that the upstream refused the call, or had no answer in time. */
  refused(now: number, taken: number): void {
    this.#window.refused++;
    this.#sample(now, taken);
  }
  #sample(now: number, taken: number): void {
    const sum = this.#window;
    if (taken > sum.peak) sum.peak = taken;
    if (now - this.#from >= this.#untilMs && sum.answers + sum.refused >= LEAST_SAMPLES) this.#windowEnds(sum, now);
    const probe = this.#probe;
    if (probe !== undefined) this.#probing(probe, now);
    else if (now >= this.#probeAt) this.#startProbe(now, taken);
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
      // Scales the flight as if the limit admitted fractions of calls. With the rounded limit, it would sink.
      const flight = ((baseMs > 0 ? sum.flight / baseMs : peak) * this.#limit) / this.#whole;
      const next = nextLimit(this.#limit, { flight, slowdown, refused });
      if (bound) this.#set(next);
      else if (next < this.#limit) this.#set(Math.min(this.#limit, Math.max(next, 2 * peak, START)));
    }
    this.#drift(bound, slowdown, now - this.#from);
    if (sum.answers > 0) this.#meanMs = sum.allMs / sum.answers;
    this.#untilMs = Math.max(WINDOW_MS, Math.min(MAX_WINDOW_MS, 2 * this.#slowestMs), this.#slowestMs);
    this.#from = now;
    sum.clear();
  }
  /**
   * Adapts the bases. While there is room, the current time of answers is their base. While there is none, only a
   * shorter time can be the base.
   */
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

  /** Halves the calls in flight for a moment, if answers take long and the cause is unclear. */
  #startProbe(now: number, taken: number): void {
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
    const rise = longer ? Math.min(MAX_GROWTH, slowdown) : 1;
    const factor = slowdown < 1 - chance ? slowdown : rise;
    for (const pace of this.#paces.values())
      if (pace.baseMs !== undefined) pace.baseMs = Math.max(LEAST_MS, pace.baseMs * factor);
  }
  /**
   * Schedules the next probe at a moment that all processes share, as far as their clocks agree
   * (docs/decisions/0033-adaptive-limits.md). Returns its duration.
   */
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

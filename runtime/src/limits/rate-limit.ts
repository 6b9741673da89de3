// Limits: how often callers may. Counters by limit and key, charged together or not at all: in this process, in Redis, in SQL. They know
// neither requests nor who is calling; what a key stands for is the business of whoever charges.

/** A limit as declared; generated code has one constant for each name. */
export interface RateLimit {
  /** As clients read it in headers. */
  readonly name: string;
  /** Proto package: limits of one name in it are one counter. */
  readonly package: string;
  /** So many in `per`; a whole number, above 0. */
  readonly rate: number;
  /** In milliseconds; or a calendar unit, UTC. */
  readonly per: number | CalendarUnit;
  /** So many at once, after a rest; at least 1. Of calendar units the same as `rate`. */
  readonly burst: number;
  /** Each process counts alone. */
  readonly local?: boolean | undefined;
  /** Refuses while its counters cannot be reached. Default: each process counts alone meanwhile. */
  readonly closed?: boolean | undefined;
}

export type CalendarUnit = "day" | "month";

/**
 * A limit in whole numbers, so that nothing is lost by adding: what is charged is counted in ticks, of which `drain` run out in a microsecond
 * (the continuous-state leaky bucket of ITU-T I.371, which is GCRA). Of calendar units nothing runs out, and a tick is one unit of cost.
 */
export class Counter {
  readonly limit: RateLimit;
  /** `<package>/<name>` */
  readonly id: string;
  readonly unit: "" | CalendarUnit;
  /** Ticks of one unit of cost. */
  readonly ticks: number;
  /** Ticks in a microsecond; 0 of calendar units. */
  readonly drain: number;
  /** No charge may go above, in ticks. */
  readonly full: number;

  constructor(limit: RateLimit) {
    const { name, package: of, rate, per, burst } = limit;
    if (!(rate >= 1 && burst >= 1)) throw new TypeError(`limit ${name} allows nothing`);
    this.limit = limit;
    this.id = `${of}/${name}`;
    if (typeof per === "string") {
      this.unit = per;
      this.ticks = 1;
      this.drain = 0;
      this.full = rate;
      return;
    }
    const micros = Math.round(per * 1000);
    if (!(micros >= 1)) throw new TypeError(`limit ${name} is of no time`);
    const divisor = commonDivisor(rate, micros);
    this.unit = "";
    this.ticks = micros / divisor;
    this.drain = rate / divisor;
    this.full = burst * this.ticks;
  }
  /** What may ever be charged at once, in units of cost. */
  get most(): number {
    return this.unit === "" ? this.limit.burst : this.limit.rate;
  }
  /** Largest cost of an answer that is charged: upstreams report it, and a wrong figure must not lock a caller out for years. */
  get mostSettled(): number {
    return Math.max(this.most, MAX_SETTLED_PERIODS * this.limit.rate);
  }
}

const MAX_SETTLED_PERIODS = 10;

function commonDivisor(a: number, b: number): number {
  let [more, less] = [a, b];
  while (less > 0) [more, less] = [less, more % less];
  return more;
}

/** What a request is charged. */
export interface Charge {
  readonly counter: Counter;
  /** As `keyOf` gives it. */
  readonly key: string;
  /** In units: whole, not negative, at most `counter.most`. */
  readonly cost: number;
}

/** The state of a counter for a charge. */
export interface CounterState {
  /** Until it passes, if nothing else is charged, in microseconds; 0: it does. */
  readonly wait: number;
  /** Whole units that are left now. */
  readonly left: number;
}

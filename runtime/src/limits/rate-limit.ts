// Limits on the frequency of calls. Counters by limit and key are charged together or not at all: in this process, in
// Redis, in SQL. They are independent of requests and callers; the code that charges them defines the meaning of a key.

/** A limit as declared; generated code has one constant for each name. */
export interface RateLimit {
  /** Name of the limit in headers for clients. */
  readonly name: string;
  /** Proto package: limits of the same name in a package share one counter. */
  readonly package: string;
  /** Number of units per `per`; a whole number, above 0. */
  readonly rate: number;
  /** Period in milliseconds; or a calendar unit, UTC. */
  readonly per: number | CalendarUnit;
  /** Number of units at once, after a rest; at least 1. For calendar units, the same as `rate`. */
  readonly burst: number;
  /** True if each process counts alone. */
  readonly local?: boolean | undefined;
  /** True if it refuses while its counters are unreachable. Default: each process counts alone meanwhile. */
  readonly closed?: boolean | undefined;
  /** True if it only counts and reports. */
  readonly dryRun?: boolean | undefined;
  /** Units that a process may charge in advance, and keep for a second. Default: none. */
  readonly lease?: number | undefined;
}

export type CalendarUnit = "day" | "month";

/**
 * A limit in whole numbers, so that additions lose nothing. Charges are counted in ticks, of which `drain` expire in a
 * microsecond (the continuous-state leaky bucket of ITU-T I.371, which is GCRA). For calendar units nothing expires,
 * and a tick is one unit of cost.
 */
export class Counter {
  readonly limit: RateLimit;
  /** Counter of the limit as declared; itself, unless an operator has overridden the rate of a key. */
  readonly base: Counter;
  /** `<package>/<name>` */
  readonly id: string;
  readonly unit: "" | CalendarUnit;
  /** Ticks of one unit of cost. */
  readonly ticks: number;
  /** Ticks that expire in a microsecond; 0 for calendar units. */
  readonly drain: number;
  /** Maximum of charged ticks. */
  readonly full: number;

  /** @param base counter whose rate this one overrides */
  constructor(limit: RateLimit, base?: Counter) {
    const { name, package: of, rate, per, burst } = limit;
    if (!(rate >= 1 && burst >= 1)) throw new TypeError(`limit ${name} allows nothing`);
    this.limit = limit;
    this.base = base ?? this;
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
  /** Maximum charge at once, in units of cost. */
  get most(): number {
    return this.unit === "" ? this.limit.burst : this.limit.rate;
  }
  /**
   * Largest cost of an answer that is charged. Upstreams report the cost, and a wrong figure must not lock a caller out
   * for years.
   */
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

/** Charge of a request to one counter. */
export interface Charge {
  readonly counter: Counter;
  /** Key, as `keyOf` returns it. */
  readonly key: string;
  /** Cost in units: whole, not negative, at most `counter.most`. */
  readonly cost: number;
  /** Units that are leased with the charge. Undefined: none. */
  readonly lease?: LeaseRequest | undefined;
}

/** A request for a lease, and the lease that is given back. */
interface LeaseRequest {
  /** In units. */
  readonly most: number;
  /** Undefined: none. */
  readonly held: Lease | undefined;
}
/** Units of a counter that a process has charged in advance. */
export interface Lease {
  readonly units: number;
  /** Those that requests have cost. */
  readonly used: number;
  /** Time of the charge, in microseconds since 1970, by the clock of the counters. */
  readonly at: number;
}

/** The state of a counter for a charge. */
export interface CounterState {
  /** Time until the charge passes, if nothing else is charged, in microseconds; 0: it passes now. */
  readonly wait: number;
  /** Whole units that are left now. */
  readonly left: number;
}

import type { Clock } from "../clock.ts";
import { errorInfo } from "../error-info.ts";
import { clientFault } from "../failure.ts";
import { Breaker } from "../guard/breaker.ts";
import { type ChargeRequest, type ChargeResult, isRefusal, type Refusal } from "./charge-result.ts";
import { keyOf } from "./key.ts";
import type { Leases, LeasingCharges } from "./leases.ts";
import { ClockMoment, LocalCounters, type Moment } from "./local-counters.ts";
import type { LimitOverrides } from "./overrides.ts";
import { type Charge, Counter, type CounterState, type RateLimit } from "./rate-limit.ts";
import { exceeded, type LimitExcess, unreachable } from "./refusals.ts";
import type { Answer, SharedCounters } from "./shared-counters.ts";
import { Shield } from "./shield.ts";

/** Dependencies of limits. */
export interface LimitsParts {
  readonly clock: Clock;
  /** Undefined: this process counts alone. */
  readonly shared?: Shared | undefined;
  /** Rates of single keys. Undefined: none. */
  readonly overrides?: LimitOverrides | undefined;
  /** Receives faults of counters that are unreachable; `what` is the same text for faults of one kind. */
  readonly fault: (message: string, cause: unknown) => void;
}
export interface Shared {
  readonly counters: SharedCounters;
  /** Maximum wait for the counters, in milliseconds. */
  readonly waitMs: number;
  /** Reports whether they count limits of this kind. */
  readonly counts: (counter: Counter) => boolean;
  /** The class of leases. Undefined: no limit has any. */
  readonly leases?: typeof Leases | undefined;
}

/** Breaker of unreachable counters: most requests do not wait for them. */
const BREAKER = { errorRate: 0.5, windowMs: 10_000, minimum: 5, openMs: 1_000, probes: 1 };
const AWAY = "the counters of limits cannot be reached, each process counts alone meanwhile";
const LOST = "a charge to a limit's counters has been lost";

/**
 * The limits of a process. Open one with `openLimits`.
 *
 * @example
 * const limits = await openLimits(LIMITS);
 * const result = await limits.charge([{ limit, key: "user-1", cost: 1 }]);
 * if ("failure" in result) throw result.failure;
 */
export class Limits {
  readonly #clock: Clock;
  readonly #shared: Shared | undefined;
  readonly #overrides: LimitOverrides | undefined;
  readonly #fault: LimitsParts["fault"];
  readonly #breaker: Breaker;
  readonly #counters = new Map<string, Counter>();
  readonly #known = new WeakMap<RateLimit, Counter>();
  readonly #local = new LocalCounters();
  readonly #standIn = new LocalCounters();
  readonly #shield = new Shield();
  readonly #leases: Leases | undefined;

  constructor({ clock, shared, overrides, fault }: LimitsParts) {
    this.#clock = clock;
    this.#shared = shared;
    this.#overrides = overrides;
    this.#fault = fault;
    this.#breaker = new Breaker(BREAKER, clock);
    this.#leases =
      shared?.leases &&
      new shared.leases(clock, async (counter, key, { units, used, at }) => {
        this.#shield.forget(counter, key);
        await this.#add(counter, key, used, at, units);
      });
  }

  /**
   * Charges all of them, or none. Returns a promise only if counters are shared; it never rejects, and lasts no longer
   * than the wait for these.
   *
   * @throws TypeError for limits of one name that differ, and for a cost that is no number
   */
  charge(requests: readonly ChargeRequest[]): ChargeResult | Refusal | Promise<ChargeResult | Refusal> {
    const charges = new Charges();
    for (const { limit, key: text, cost } of requests) {
      const counter = this.#counterOf(limit);
      const key = keyOf(text);
      charges.add(this.#overrides?.counterOf(counter, key) ?? counter, key, cost);
    }
    const moment = new ClockMoment(this.#clock);
    const far: Charge[] = [];
    const over: LimitExcess[] = [];
    for (const charge of charges.all) {
      const { counter, cost } = charge;
      if (cost > counter.most) return neverAllowed(charge);
      const isFar = this.#isShared(counter);
      if (isFar) far.push(charge);
      if (isFar && this.#leases?.covers(charge) === true) continue;
      const standing = isFar ? this.#shield.standing(charge, moment.now) : this.#local.standing(charge, moment);
      if (standing !== undefined) over.push({ counter, standing });
    }
    if (over.length > 0) return this.#refused(over);
    const taken = new Taken(charges, this.#local, moment, this.#clock, this.#fault);
    for (const charge of charges.all) if (!far.includes(charge)) taken.here(charge);
    if (far.length === 0 || this.#shared === undefined) return taken;
    return this.#chargeFar(this.#shared, far, taken, moment.now / 1000 + this.#shared.waitMs / 2);
  }

  async close(): Promise<void> {
    await this.#leases?.close();
    await this.#shared?.counters.close();
  }

  #counterOf(limit: RateLimit): Counter {
    const known = this.#known.get(limit);
    if (known !== undefined) return known;
    const id = `${limit.package}/${limit.name}`;
    const counter = this.#counters.get(id) ?? new Counter(limit);
    if (!isSame(counter.limit, limit)) throw new TypeError(`limits ${id} differ`);
    this.#counters.set(id, counter);
    this.#known.set(limit, counter);
    return counter;
  }
  #isShared(counter: Counter): boolean {
    return counter.limit.local !== true && this.#shared?.counts(counter) === true;
  }
  #moment(): Moment {
    return new ClockMoment(this.#clock);
  }

  // ---- counters of several processes ----

  /** Charges leased units first. Until a moment, a charge that needs more waits for another request for a lease. */
  #chargeFar(
    shared: Shared,
    all: readonly Charge[],
    taken: Taken,
    until: number,
  ): ChargeResult | Refusal | Promise<ChargeResult | Refusal> {
    const leases = this.#leases;
    if (leases === undefined) return this.#chargeShared(shared, all, taken);
    const far: Charge[] = [];
    for (const charge of all) {
      const change = leases.take(charge);
      if (change === undefined) far.push(charge);
      else taken.elsewhere(charge, (units) => change(units) || this.#addShared(charge, units, 0));
    }
    if (far.length === 0) return taken;
    const pending = this.#clock.now() < until ? leases.pending(far) : undefined;
    if (pending === undefined) return this.#chargeShared(shared, far, taken, leases.begin(far));
    return pending.then((reached) => (reached ? this.#chargeFar(shared, far, taken, until) : this.#alone(far, taken)));
  }
  #chargeShared(
    { counters, waitMs }: Shared,
    far: readonly Charge[],
    taken: Taken,
    leasing?: LeasingCharges,
  ): ChargeResult | Refusal | Promise<ChargeResult | Refusal> {
    const ticket = this.#breaker.admit();
    if (ticket === undefined) {
      leasing?.answer([]);
      return this.#alone(far, taken);
    }
    const { promise, resolve } = Promise.withResolvers<ChargeResult | Refusal>();
    let without: ChargeResult | Refusal | undefined;
    let ended = false;
    const away = (cause: unknown): void => {
      if (ended) return;
      ended = true;
      this.#fault(AWAY, cause);
      this.#breaker.sample(ticket, false);
      leasing?.answer("unknown");
      without = this.#alone(far, taken);
      resolve(without);
    };
    const late = (): void => away(new Error(`no answer within ${waitMs} ms`));
    // If this process has been busy for that time, the answer may have arrived unread. The answer takes precedence.
    const timer = this.#clock.setTimeout(() => setImmediate(late), waitMs, undefined);
    this.#charge(counters, leasing?.charges ?? far).then(
      (answer) => {
        if (without !== undefined) {
          this.#tooLate(answer, far, without);
          return;
        }
        ended = true;
        this.#clock.clearTimeout(timer);
        this.#breaker.sample(ticket, true);
        leasing?.answer(timesOf(answer, far), answer.leased);
        resolve(this.#answered(answer, far, taken));
      },
      (thrown: unknown) => {
        this.#clock.clearTimeout(timer);
        away(thrown);
      },
    );
    return promise;
  }
  async #charge(counters: SharedCounters, far: readonly Charge[]): Promise<Answer> {
    return counters.charge(far);
  }
  #answered(answer: Answer, far: readonly Charge[], taken: Taken): ChargeResult | Refusal {
    if ("at" in answer) {
      const times = timesOf(answer, far);
      for (const [i, charge] of far.entries())
        taken.elsewhere(charge, (units) => this.#addShared(charge, units, times[i] ?? answer.at));
      return taken;
    }
    const { now } = this.#moment();
    const over = far.flatMap((charge, i) => {
      const standing = answer.standings[i];
      if (standing === undefined || standing.wait <= 0) return [];
      this.#shield.refuse(charge, standing, now);
      return [{ counter: charge.counter, standing }];
    });
    taken.refund();
    return this.#refused(over);
  }
  /**
   * Handles an answer after the request was decided without it. Charges of an admitted request stay; those of a refused
   * request are returned.
   */
  #tooLate(answer: Answer, far: readonly Charge[], outcome: ChargeResult | Refusal): void {
    const times = timesOf(answer, far);
    for (const [i, { counter, key, cost }] of far.entries()) {
      const [at, leased = 0] = [times[i], answer.leased?.[i]];
      if (at === undefined) continue;
      if ("at" in answer && isRefusal(outcome)) this.#add(counter, key, -cost, at);
      if (leased > 0) this.#add(counter, key, 0, at, leased);
    }
  }
  #addShared({ counter, key }: Charge, units: number, since: number): void {
    if (units < 0) this.#shield.forget(counter, key);
    if (this.#breaker.refuses) this.#fault(LOST, undefined);
    else this.#add(counter, key, units, since);
  }
  async #add(counter: Counter, key: string, units: number, since: number, leased?: number): Promise<void> {
    try {
      await this.#shared?.counters.add(counter, key, units, since, leased);
    } catch (thrown) {
      this.#fault(LOST, thrown);
    }
  }

  /** Handles unreachable counters: this process counts alone, if that is allowed. */
  #alone(far: readonly Charge[], taken: Taken): ChargeResult | Refusal {
    const closed = far.filter(({ counter }) => counter.limit.closed);
    const [first] = closed;
    if (first !== undefined) {
      taken.refund();
      const failure = unreachable(first.counter);
      return { failure, outcome: "unreachable", limits: closed.map(({ counter }) => counter.id) };
    }
    const moment = this.#moment();
    const over = far.flatMap((charge) => exceededBy(charge, this.#standIn.standing(charge, moment)));
    if (over.length > 0) {
      taken.refund();
      return this.#refused(over);
    }
    for (const charge of far) {
      const { counter, key, cost } = charge;
      this.#standIn.add(counter, key, cost, moment);
      taken.elsewhere(charge, (units) => this.#standIn.add(counter, key, units, this.#moment(), moment));
    }
    taken.alone = far.map(({ counter }) => counter.id);
    return taken;
  }

  #refused(over: readonly LimitExcess[]): Refusal {
    const failure = exceeded(over, this.#clock.random());
    return { failure, outcome: "exceeded", limits: over.map(({ counter }) => counter.id) };
  }
}

/** Requested charges, one of each counter and key. Duplicates are charged at once. */
class Charges {
  readonly all: Charge[] = [];
  /** Index in `all` of the charge that each request is part of. */
  readonly of: number[] = [];
  readonly costs: number[] = [];

  add(counter: Counter, key: string, requestCost: number | bigint): void {
    const { all } = this;
    const cost = Math.max(0, Math.ceil(Number(requestCost)));
    if (Number.isNaN(cost)) throw new TypeError(`a cost of ${counter.id} is no number`);
    this.costs.push(cost);
    for (const [i, before] of all.entries()) {
      if (before.counter !== counter || before.key !== key) continue;
      all[i] = { counter, key, cost: before.cost + cost };
      this.of.push(i);
      return;
    }
    this.of.push(all.push({ counter, key, cost }) - 1);
  }
}

class Taken implements ChargeResult {
  alone: readonly string[] = NONE;
  readonly #charges: Charges;
  readonly #local: LocalCounters;
  readonly #moment: Moment;
  readonly #clock: Clock;
  readonly #fault: LimitsParts["fault"];
  #here: Charge[] = [];
  #elsewhere: Map<Charge, (units: number) => void> | undefined;

  constructor(charges: Charges, local: LocalCounters, moment: Moment, clock: Clock, fault: LimitsParts["fault"]) {
    this.#charges = charges;
    this.#local = local;
    this.#moment = moment;
    this.#clock = clock;
    this.#fault = fault;
  }
  /** Charges in this process. */
  here(charge: Charge): void {
    this.#here.push(charge);
    this.#local.add(charge.counter, charge.key, charge.cost, this.#moment);
  }
  /** Records a charge outside this process, and the function that changes it. */
  elsewhere(charge: Charge, add: (units: number) => void): void {
    this.#elsewhere ??= new Map();
    this.#elsewhere.set(charge, add);
  }
  refund(): void {
    for (const charge of this.#here) this.#add(charge, -charge.cost);
    for (const charge of this.#elsewhere?.keys() ?? NONE) this.#add(charge, -charge.cost);
    this.#here = [];
    this.#elsewhere = undefined;
  }
  charged(index: number): number | undefined {
    return this.#charges.costs[index];
  }
  settle(index: number, cost: number | bigint): void {
    const charge = this.#charges.all[this.#charges.of[index] ?? -1];
    const before = this.#charges.costs[index] ?? 0;
    const settled = Math.max(0, Math.ceil(Number(cost)));
    if (charge === undefined || Number.isNaN(settled)) return;
    const { id, mostSettled } = charge.counter;
    if (settled > mostSettled)
      this.#fault(`an answer has cost more of the limit ${id} than is charged`, new Error(`charged ${mostSettled}`));
    const after = Math.min(mostSettled, settled);
    this.#charges.costs[index] = after;
    this.#add(charge, after - before);
  }
  unsettled(index: number, cause: unknown): void {
    const id = this.#charges.all[this.#charges.of[index] ?? -1]?.counter.id;
    this.#fault(`the cost of a request for the limit ${id} cannot be computed`, cause);
  }
  #add(charge: Charge, units: number): void {
    if (units === 0) return;
    const { counter, key } = charge;
    if (this.#here.includes(charge)) this.#local.add(counter, key, units, new ClockMoment(this.#clock), this.#moment);
    else this.#elsewhere?.get(charge)?.(units);
  }
}
const NONE: readonly never[] = [];

/** Returns the times at which charges have been made; undefined: not. */
function timesOf(answer: Answer, far: readonly Charge[]): readonly (number | undefined)[] {
  return answer.times ?? ("at" in answer ? far.map(() => answer.at) : []);
}

function exceededBy({ counter }: Charge, standing: CounterState | undefined): LimitExcess[] {
  return standing === undefined ? [] : [{ counter, standing }];
}

function neverAllowed({ counter, cost }: Charge): Refusal {
  const failure = clientFault(
    `the limit ${counter.id} allows no cost of ${cost}`,
    `this costs ${cost}, and ${counter.limit.name} allows ${counter.most} at most`,
    [errorInfo("COST_TOO_HIGH")],
  );
  return { failure, outcome: "cost", limits: [counter.id] };
}

function isSame(a: RateLimit, b: RateLimit): boolean {
  return (
    a.rate === b.rate &&
    a.per === b.per &&
    a.burst === b.burst &&
    (a.local ?? false) === (b.local ?? false) &&
    (a.closed ?? false) === (b.closed ?? false) &&
    (a.dryRun ?? false) === (b.dryRun ?? false) &&
    a.lease === b.lease
  );
}

import type { Clock } from "../clock.ts";
import { clientFault, type Failure } from "../failure.ts";
import { Breaker } from "../guard/breaker.ts";
import { keyOf } from "./key.ts";
import { LocalCounters, type Moment } from "./local-counters.ts";
import { type Charge, Counter, type RateLimit, type Standing } from "./rate-limit.ts";
import { type Exceeded, exceeded, unreachable } from "./refusals.ts";
import type { Answer, SharedCounters } from "./shared-counters.ts";
import { Shield } from "./shield.ts";

/** What limits are counted with. */
export interface LimitsParts {
  readonly clock: Clock;
  /** Undefined: this process counts alone. */
  readonly shared?: Shared | undefined;
  /** Hears of counters that cannot be reached; `what` is the same text for faults of one kind. */
  readonly fault: (what: string, cause: unknown) => void;
}
export interface Shared {
  readonly counters: SharedCounters;
  /** Nobody waits longer for them, in milliseconds. */
  readonly waitMs: number;
  /** Whether they count limits of this kind. */
  readonly counts: (counter: Counter) => boolean;
}

/** What a request is to be charged. */
export interface Asked {
  readonly limit: RateLimit;
  /** The caller's, as declared; not empty. */
  readonly key: string;
  /** In units; rounded up to a whole one, less than 0 is 0. */
  readonly cost: number | bigint;
}

/** Why a request may not. */
export interface Refusal {
  readonly failure: Failure;
  /** `exceeded`: too much has been charged; `unreachable`: the limit is closed; `cost`: more than could ever be charged. */
  readonly outcome: "exceeded" | "unreachable" | "cost";
  /** `<package>/<name>` of each limit that refuses. */
  readonly limits: readonly string[];
}

/** What a request has been charged. None of its functions throws, and nobody waits for them. */
export interface Charged {
  /** `<package>/<name>` of the limits whose counters could not be reached, where this process has counted instead. */
  readonly alone: readonly string[];
  /** Gives all of it back. */
  refund(): void;
  /**
   * Makes of what one of them was asked for what it has cost after all; that may be above what is allowed.
   *
   * @param index in the list that was asked
   */
  settle(index: number, cost: number | bigint): void;
  /** That this cannot be told: what was asked for stays. */
  unsettled(index: number, cause: unknown): void;
}

/** Counters that cannot be reached are left alone for a while: most requests do not wait for them. */
const BREAKER = { errorRate: 0.5, windowMs: 10_000, minimum: 5, openMs: 1_000, probes: 1 };
const AWAY = "the counters of limits cannot be reached, each process counts alone meanwhile";
const LOST = "a charge to a limit's counters has been lost";

/** The limits of a process. Open one with `openLimits`. */
export class Limits {
  readonly #clock: Clock;
  readonly #shared: Shared | undefined;
  readonly #fault: LimitsParts["fault"];
  readonly #breaker: Breaker;
  readonly #counters = new Map<string, Counter>();
  readonly #local = new LocalCounters();
  readonly #standIn = new LocalCounters();
  readonly #shield = new Shield();

  constructor({ clock, shared, fault }: LimitsParts) {
    this.#clock = clock;
    this.#shared = shared;
    this.#fault = fault;
    this.#breaker = new Breaker(BREAKER, clock);
  }

  /**
   * Charges all of them, or none. A promise only where counters are shared, and then for no longer than these are waited for; it never rejects.
   *
   * @throws TypeError for limits of one name that differ, and for a cost that is no number
   */
  charge(asked: readonly Asked[]): Charged | Refusal | Promise<Charged | Refusal> {
    const charges = new Charges(asked.map((one) => this.#chargeOf(one)));
    const tooMuch = charges.all.find(({ counter, cost }) => cost > counter.most);
    if (tooMuch !== undefined) return neverAllowed(tooMuch);
    const [far, near] = charges.split((counter) => this.#isShared(counter));
    const moment = this.#moment();
    const known = far.flatMap((charge) => exceededBy(charge, this.#shield.standing(charge, moment.now)));
    if (known.length > 0) return this.#refused(known);
    const over = near.flatMap((charge) => exceededBy(charge, this.#local.standing(charge, moment)));
    if (over.length > 0) return this.#refused(over);
    for (const { counter, key, cost } of near) this.#local.add(counter, key, cost, moment);
    const taken = new Taken(charges, this.#places(near, moment), this.#fault);
    if (far.length === 0 || this.#shared === undefined) return taken;
    return this.#ask(this.#shared, far, taken);
  }

  async close(): Promise<void> {
    await this.#shared?.counters.close();
  }

  #chargeOf({ limit, key, cost }: Asked): Charge {
    const units = Math.max(0, Math.ceil(Number(cost)));
    if (Number.isNaN(units)) throw new TypeError(`a cost of ${limit.name} is no number`);
    return { counter: this.#counterOf(limit), key: keyOf(key), cost: units };
  }
  #counterOf(limit: RateLimit): Counter {
    const id = `${limit.package}/${limit.name}`;
    const before = this.#counters.get(id);
    if (before !== undefined) {
      if (before.limit !== limit && !isSame(before.limit, limit)) throw new TypeError(`limits ${id} differ`);
      return before;
    }
    const counter = new Counter(limit);
    this.#counters.set(id, counter);
    return counter;
  }
  #isShared(counter: Counter): boolean {
    return counter.limit.local !== true && this.#shared?.counts(counter) === true;
  }
  #moment(): Moment {
    return { now: Math.floor(this.#clock.now() * 1000), date: this.#clock.date().getTime() * 1000 };
  }

  // ---- counters of several processes ----

  #ask(
    { counters, waitMs }: Shared,
    far: readonly Charge[],
    taken: Taken,
  ): Charged | Refusal | Promise<Charged | Refusal> {
    const ticket = this.#breaker.admit();
    if (ticket === undefined) return this.#alone(far, taken);
    const { promise, resolve } = Promise.withResolvers<Charged | Refusal>();
    let without: Charged | Refusal | undefined;
    let ended = false;
    const away = (cause: unknown): void => {
      if (ended) return;
      ended = true;
      this.#fault(AWAY, cause);
      this.#breaker.sample(ticket, false);
      without = this.#alone(far, taken);
      resolve(without);
    };
    const late = (): void => away(new Error(`no answer within ${waitMs} ms`));
    // Where this process has been busy for so long, the answer may be there and only not read: that comes first.
    const timer = this.#clock.setTimeout(() => setImmediate(late), waitMs, undefined);
    this.#charge(counters, far).then(
      (answer) => {
        if (without !== undefined) {
          this.#tooLate(answer, far, without);
          return;
        }
        ended = true;
        this.#clock.clearTimeout(timer);
        this.#breaker.sample(ticket, true);
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
  #answered(answer: Answer, far: readonly Charge[], taken: Taken): Charged | Refusal {
    if ("at" in answer) {
      taken.add(far.map((charge) => [charge, (units) => this.#addShared(charge, units, answer.at)]));
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
  /** The request has been answered without it: what it was charged stays where it has gone on, and is given back where it was refused. */
  #tooLate(answer: Answer, far: readonly Charge[], outcome: Charged | Refusal): void {
    if (!("at" in answer) || !isRefusal(outcome)) return;
    for (const { counter, key, cost } of far) this.#add(counter, key, -cost, answer.at);
  }
  #addShared({ counter, key }: Charge, units: number, since: number): void {
    if (units < 0) this.#shield.forget(counter, key);
    if (this.#breaker.refuses) this.#fault(LOST, undefined);
    else this.#add(counter, key, units, since);
  }
  #add(counter: Counter, key: string, units: number, since: number): void {
    this.#shared?.counters.add(counter, key, units, since).catch((thrown: unknown) => this.#fault(LOST, thrown));
  }

  /** Nobody answers: this process counts alone, if it may. */
  #alone(far: readonly Charge[], taken: Taken): Charged | Refusal {
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
    for (const { counter, key, cost } of far) this.#standIn.add(counter, key, cost, moment);
    const add =
      ({ counter, key }: Charge) =>
      (units: number) =>
        this.#standIn.add(counter, key, units, this.#moment(), moment.date);
    taken.add(far.map((charge) => [charge, add(charge)]));
    taken.alone = far.map(({ counter }) => counter.id);
    return taken;
  }

  // ----

  #places(near: readonly Charge[], { date }: Moment): Place[] {
    return near.map((charge) => [
      charge,
      (units) => this.#local.add(charge.counter, charge.key, units, this.#moment(), date),
    ]);
  }
  #refused(over: readonly Exceeded[]): Refusal {
    const failure = exceeded(over, this.#clock.random());
    return { failure, outcome: "exceeded", limits: over.map(({ counter }) => counter.id) };
  }
}

/** Where a charge was made, and how it is changed. */
type Place = readonly [charge: Charge, add: (units: number) => void];

export const isRefusal = (outcome: Charged | Refusal): outcome is Refusal => "failure" in outcome;

/** What is asked for, one of each counter and key: what comes twice is charged at once. */
class Charges {
  readonly all: readonly Charge[];
  /** Which of `all` each that was asked for is part of, and with what cost. */
  readonly parts: readonly { readonly of: number; readonly cost: number }[];

  constructor(asked: readonly Charge[]) {
    const all: Charge[] = [];
    this.parts = asked.map((charge) => {
      const { counter, key, cost } = charge;
      const of = all.findIndex((one) => one.counter === counter && one.key === key);
      const before = all[of];
      if (before === undefined) return { of: all.push(charge) - 1, cost };
      all[of] = { counter, key, cost: before.cost + cost };
      return { of, cost };
    });
    this.all = all;
  }
  split(isFar: (counter: Counter) => boolean): [far: Charge[], near: Charge[]] {
    const far: Charge[] = [];
    const near: Charge[] = [];
    for (const charge of this.all) (isFar(charge.counter) ? far : near).push(charge);
    return [far, near];
  }
}

class Taken implements Charged {
  alone: readonly string[] = [];
  readonly #charges: Charges;
  readonly #places: Place[];
  readonly #fault: LimitsParts["fault"];

  constructor(charges: Charges, places: Place[], fault: LimitsParts["fault"]) {
    this.#charges = charges;
    this.#places = places;
    this.#fault = fault;
  }
  add(places: readonly Place[]): void {
    this.#places.push(...places);
  }
  refund(): void {
    for (const [{ cost }, add] of this.#places.splice(0)) if (cost > 0) add(-cost);
  }
  settle(index: number, cost: number | bigint): void {
    const part = this.#charges.parts[index];
    if (part === undefined) return;
    const charge = this.#charges.all[part.of];
    const units = Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.ceil(Number(cost)))) - part.cost;
    if (units === 0 || Number.isNaN(units)) return;
    for (const [one, add] of this.#places) if (one === charge) add(units);
  }
  unsettled(index: number, cause: unknown): void {
    const of = this.#charges.parts[index]?.of;
    const id = of === undefined ? "" : this.#charges.all[of]?.counter.id;
    this.#fault(`what a request has cost the limit ${id} cannot be told`, cause);
  }
}

function exceededBy({ counter }: Charge, standing: Standing | undefined): Exceeded[] {
  return standing === undefined ? [] : [{ counter, standing }];
}

function neverAllowed({ counter, cost }: Charge): Refusal {
  const failure = clientFault(
    `the limit ${counter.id} allows no cost of ${cost}`,
    `this costs ${cost}, and ${counter.limit.name} allows ${counter.most} at most`,
  );
  return { failure, outcome: "cost", limits: [counter.id] };
}

function isSame(a: RateLimit, b: RateLimit): boolean {
  return (
    a.rate === b.rate &&
    a.per === b.per &&
    a.burst === b.burst &&
    (a.local ?? false) === (b.local ?? false) &&
    (a.closed ?? false) === (b.closed ?? false)
  );
}

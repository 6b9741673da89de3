import type { Clock, Timer } from "../clock.ts";
import type { Charge, Counter, Lease } from "./rate-limit.ts";

/** Time for which a process may use leased units, in milliseconds. */
const HELD_MS = 1_000;
/** Time for which a key is charged singly after the counters had no units to lease, in milliseconds. */
const SINGLE_MS = 100;
/** Maximum number of keys that are followed; further keys are charged singly. */
const MAX_KEYS = 1 << 14;

/** Charges a lease's used units, and frees the others. Never rejects. */
type GiveBack = (counter: Counter, key: string, lease: Lease) => Promise<void>;

/**
 * State of a key: `seen` in the last second, without units; `held`: with units; `requested`: a charge requests units,
 * others wait; `ended`: forgotten or given back, used units are charged in the counters.
 */
type State = "seen" | "held" | "requested" | "ended";

/** A key, and the units of it that this process has leased. */
class Key {
  readonly name: string;
  readonly counter: Counter;
  readonly key: string;
  state: State = "seen";
  units = 0;
  left = 0;
  /** Time of the lease, by the clock of the counters. */
  at = 0;
  /** End of the state, in milliseconds of the process. */
  until = 0;
  /** Time from which a lease may be requested. */
  from = 0;
  /** Resolves with the answer to the request: true if the counters were reached. */
  answered: Promise<boolean> | undefined;

  constructor(name: string, { counter, key }: Charge) {
    this.name = name;
    this.counter = counter;
    this.key = key;
  }
  get lease(): Lease | undefined {
    return this.units === 0 ? undefined : { units: this.units, used: this.units - this.left, at: this.at };
  }
}

/** Charges with requests for leases, and the receiver of their answer. */
export interface LeasingCharges {
  readonly charges: readonly Charge[];
  /**
   * @param times of the charges; undefined: not charged, so that nothing has changed. "unknown": there was no answer in
   *   time
   * @param leased units, by charge
   */
  answer(times: readonly (number | undefined)[] | "unknown", leased?: readonly number[]): void;
}

/**
 * Units that this process has charged to shared counters in advance. They are never more than the counter admits: the
 * counter keeps them apart from those that expire until they are given back, after a second at most. A key that is
 * charged once a second or less leases nothing, because giving back would cost more than it saves.
 */
export class Leases {
  readonly #clock: Clock;
  readonly #giveBack: GiveBack;
  /** By name, in the order of their ends. */
  readonly #keys = new Map<string, Key>();
  #timer: Timer | undefined;

  constructor(clock: Clock, giveBack: GiveBack) {
    this.#clock = clock;
    this.#giveBack = giveBack;
  }

  /** Reports whether leased units cover a charge. */
  covers(charge: Charge): boolean {
    const known = this.#keyOf(charge);
    return known?.state === "held" && known.left >= charge.cost && known.until > this.#clock.now();
  }
  /** Takes a charge from leased units. Returns the function that changes it; undefined: they do not cover it. */
  take(charge: Charge): ((units: number) => boolean) | undefined {
    const known = this.#keyOf(charge);
    if (known === undefined || !this.covers(charge)) return undefined;
    known.left -= charge.cost;
    const { at } = known;
    return (units) => {
      if (known.state !== "held" || known.at !== at || known.left < units) return false;
      known.left -= units;
      return true;
    };
  }
  /** Returns the answer to a request for units, to await before one of the charges is made; undefined: none. */
  pending(charges: readonly Charge[]): Promise<boolean> | undefined {
    for (const charge of charges) {
      const known = this.#keyOf(charge);
      if (known?.state === "requested") return known.answered;
    }
    return undefined;
  }
  /** Adds requests for leases to charges. Undefined: none. */
  begin(charges: readonly Charge[]): LeasingCharges | undefined {
    const requested: (Key | undefined)[] = charges.map((charge) => this.#begin(charge));
    if (!requested.some((known) => known !== undefined)) return undefined;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const leasing = charges.map((charge, i): Charge => {
      const known = requested[i];
      if (known === undefined) return charge;
      known.state = "requested";
      known.answered = promise;
      return { ...charge, lease: { most: charge.counter.limit.lease ?? 0, held: known.lease } };
    });
    const since = this.#clock.now();
    return {
      charges: leasing,
      answer: (times, leased) => {
        for (const [i, known] of requested.entries()) {
          if (known === undefined) continue;
          if (times === "unknown") this.#end(known);
          else this.#answered(known, since, times[i], leased?.[i] ?? 0);
        }
        resolve(times !== "unknown");
      },
    };
  }
  /** Gives back all units, and waits for that up to a second. */
  async close(): Promise<void> {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#timer = this.#clock.setTimeout(resolve, HELD_MS, undefined);
    const returns = [...this.#keys.values()].map((known) => this.#expire(known));
    await Promise.race([Promise.all(returns), promise]);
    this.#clock.clearTimeout(this.#timer);
  }

  #keyOf(charge: Charge): Key | undefined {
    return charge.counter.limit.lease === undefined ? undefined : this.#keys.get(nameOf(charge));
  }
  /** Returns the key if a charge may request a lease of it. */
  #begin(charge: Charge): Key | undefined {
    if (charge.counter.limit.lease === undefined) return undefined;
    const now = this.#clock.now();
    const name = nameOf(charge);
    const known = this.#keys.get(name);
    if (known !== undefined && known.until > now)
      return known.state !== "requested" && known.from <= now ? known : undefined;
    if (known?.state === "requested") return undefined;
    if (known !== undefined) this.#expire(known);
    if (this.#keys.size < MAX_KEYS) this.#follow(new Key(name, charge), now);
    return undefined;
  }
  #answered(known: Key, since: number, at: number | undefined, leased: number): void {
    if (at === undefined) {
      known.state = known.units > 0 ? "held" : "seen";
      if (known.until <= this.#clock.now()) this.#expire(known);
      return;
    }
    known.units = leased;
    known.left = leased;
    known.at = at;
    known.state = leased > 0 ? "held" : "seen";
    if (leased === 0) known.from = since + SINGLE_MS;
    this.#follow(known, since);
  }
  /** Puts a key last, since it ends after all others. */
  #follow(known: Key, since: number): void {
    known.until = since + HELD_MS;
    this.#keys.delete(known.name);
    this.#keys.set(known.name, known);
    this.#timer ??= this.#clock.setTimeout(() => this.#sweep(), HELD_MS, undefined);
  }
  #sweep(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    for (const known of this.#keys.values()) {
      if (known.until > now) {
        this.#timer = this.#clock.setTimeout(() => this.#sweep(), known.until - now, undefined);
        return;
      }
      this.#expire(known);
    }
  }
  #expire(known: Key): Promise<void> | undefined {
    if (known.state === "requested") return undefined;
    const { lease } = known;
    this.#end(known);
    return lease && this.#giveBack(known.counter, known.key, lease);
  }
  #end(known: Key): void {
    known.state = "ended";
    this.#keys.delete(known.name);
  }
}

const nameOf = ({ counter, key }: Charge): string => `${counter.id}:${key}`;

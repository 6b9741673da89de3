import type { Clock } from "../../clock.ts";
import type { AddressState } from "../../observer-upstreams.ts";
import { type Transitions, transition } from "../../states.ts";
import type { BalancePolicy } from "./balance-policy.ts";
import { RecentCount } from "./recent-count.ts";

/** Maximum duration of an ejection, in milliseconds, for any number of ejections in a row. */
const MAX_EJECTION_MS = 300_000;
/** Time until an address that is new, or has returned, receives its whole share, in milliseconds. */
const WARM_UP_MS = 10_000;
/** Share with which such an address begins. */
const FIRST_SHARE = 0.1;
/** Interval between checks for changes that depend on time, in milliseconds. */
const SETTLE_MS = 100;
/**
 * Maximum slowness of one answer, as a multiple of its method's usual duration. The bound keeps a single answer from
 * deciding.
 */
const SLOWEST = 4;
/** Slowness from which an address is avoided, as a multiple of that of all addresses. */
const SLOW = 2;
/** Weight of each call at a slow address, multiplied by the square of its slowness. */
const SLOW_FACTOR = 4;
/** Time in which the slowness decays to 1/e, in milliseconds. */
const FORGOTTEN_MS = 15_000;
/** Weight of a single answer in the slowness of an address. */
const WEIGHT = 1 / 8;
/** Weight of an answer of an avoided address. It is larger, so that a recovery is detected soon. */
const SUSPECT_WEIGHT = 1 / 2;
/** Slowness below which an address is no longer avoided. */
const UNSUSPECT = 1.25;
/** Number of times that an address that warms up may decline in one choice. */
const DECLINED = 4;

/** The ejection of an address that failed several times in a row. */
export interface Ejection {
  /** `10.0.0.7:8080` */
  readonly address: string;
  readonly forMs: number;
  /** Number of failures in a row. */
  readonly consecutive: number;
  readonly at: number;
}

/** Avoids some places if others are available. */
export interface PlacePreference {
  avoids(place: object): boolean;
}

/** Health of an address. It may also become well while it is ejected, because too many others were. */
export const HEALTH_TRANSITIONS: Transitions<"well" | "ejected" | "probing"> = {
  well: ["ejected"],
  ejected: ["probing", "well"],
  probing: ["well", "ejected"],
};

/** One address with its counters. Only its balancer writes the fields that are not `readonly`, except `inFlight`. */
export class Place<T> {
  readonly address: string;
  /** The owner's value for this place. */
  readonly of: T;
  /** Number of calls in flight. The owner of a call adds 1 at its begin, and subtracts 1 at its end. */
  inFlight = 0;
  /** True if it takes calls. */
  ready = false;
  /** True if it receives no more calls. */
  leaving = false;
  /** Changes with each ejection and return. Calls that began in another era have no effect. */
  era = 0;
  /** Number of failures in a row. */
  failures = 0;
  /** `probing` after a return, until a call shows that the address is healthy. It receives one call at a time. */
  health: keyof typeof HEALTH_TRANSITIONS = "well";
  until = 0;
  /** Number of ejections in a row, the duration of the last one, and the time of the last return. */
  times = 0;
  forMs = 0;
  backAt = Number.NEGATIVE_INFINITY;
  warmFrom: number | undefined;
  /** Current share of calls while it warms up, from 0 to 1. */
  share = 1;
  readonly lingering = new RecentCount();
  /** Duration of its answers, as a multiple of that of all addresses. */
  slowness = 1;
  slowFrom = 0;
  suspect = false;

  constructor(address: string, of: T) {
    this.address = address;
    this.of = of;
  }
  /** Estimated load: calls in flight and recent refusals, weighted. */
  get load(): number {
    const busy = this.inFlight + this.lingering.count;
    if (this.slowness < SLOW) return busy / this.share;
    return ((busy + 1) * SLOW_FACTOR * this.slowness * this.slowness) / this.share;
  }
}

interface BalancerOptions<T> {
  readonly policy?: BalancePolicy | undefined;
  readonly clock: Clock;
  /** Reports whether it has room for another call. */
  readonly room: (of: T) => boolean;
}

/**
 * Chooses the address of an upstream that takes a call: of two random ones the one with fewer calls in flight
 * (runtime.md, "Balancing"). It does not depend on connections: its owner declares the addresses, and which of them can
 * be called.
 */
export class Balancer<T> {
  readonly #clock: Clock;
  readonly #room: (of: T) => boolean;
  readonly #ejectAfter: number;
  readonly #ejectMs: number;
  readonly #maxEjected: number;
  readonly #places: Place<T>[] = [];
  #open: readonly Place<T>[] = []; // those that are chosen from
  #all = false; // true if also ejected or unproven addresses are chosen from
  #odd = false; // true in the rare state that needs the slower choice
  #settledAt = Number.NEGATIVE_INFINITY;
  /** Receives the number of ejected addresses when it changes. */
  ejectedListener: ((count: number) => void) | undefined;
  #ejected = 0;
  /** Receives ejections. */
  ejectionListener: ((ejection: Ejection) => void) | undefined;

  constructor({ policy = {}, clock, room }: BalancerOptions<T>) {
    const { ejectAfter = 5, ejectMs = 30_000, maxEjected = 0.5 } = policy;
    this.#clock = clock;
    this.#room = room;
    this.#ejectAfter = ejectAfter;
    this.#ejectMs = ejectMs;
    this.#maxEjected = maxEjected;
  }

  /** Adds an address. It takes calls once it is `up`. */
  add(address: string, of: T): Place<T> {
    const place = new Place(address, of);
    this.#places.push(place);
    return place;
  }
  remove(place: Place<T>): void {
    const at = this.#places.indexOf(place);
    if (at >= 0) this.#places.splice(at, 1);
    this.#choose();
  }
  /** Stops new calls to the address; its calls in flight may end. */
  leave(place: Place<T>): void {
    place.leaving = true;
    this.#choose();
  }
  /**
   * Marks the address as callable.
   *
   * @param cold true if it is new among others, or was unavailable: it warms up
   */
  up(place: Place<T>, cold: boolean): void {
    if (place.ready) return;
    const others = this.#open.length > 0;
    place.ready = true;
    // A restarted server may be healthy again. An address that was ejected more than once still waits.
    if (cold && place.health === "ejected" && place.times === 1) this.#probe(place, this.#clock.now());
    else if (cold && others && place.health !== "ejected") this.#warm(place, this.#clock.now());
    this.#choose();
  }
  /** Marks the address as not callable. */
  down(place: Place<T>): void {
    place.ready = false;
    this.#choose();
  }

  /** Returns the address that takes a call; undefined if none has room. */
  pick(avoid?: PlacePreference): Place<T> | undefined {
    if (this.#odd || avoid !== undefined) return this.#pickAmongOdd(avoid);
    const open = this.#open;
    const count = open.length;
    if (count < 2) return this.#withRoom(open[0]);
    const dice = Math.floor(this.#clock.random() * count * (count - 1));
    const first = dice % count;
    const other = Math.floor(dice / count);
    const a = open[first] as Place<T>;
    const b = open[other < first ? other : other + 1] as Place<T>;
    const better = b.inFlight < a.inFlight ? b : a;
    if (this.#room(better.of)) return better;
    return this.#withRoom(better === a ? b : a) ?? this.#any(open);
  }
  /**
   * Records the end of a call that was in flight.
   *
   * @param era the place's, when the call began
   * @param good as a breaker counts it: true good, false bad, undefined without meaning
   * @param slowness ratio of its duration to that of its method elsewhere
   */
  rate(place: Place<unknown>, era: number, good: boolean | undefined, slowness?: number): void {
    if (this.#places.length < 2 || good === undefined) return;
    if (!good) this.#failed(place, era);
    else {
      if (slowness !== undefined) this.#took(place, slowness);
      if (era !== place.era) return;
      place.failures = 0;
      if (place.health !== "well") this.#recovered(place);
    }
  }
  /**
   * Records a call that was refused at once. It counts as in flight for a while, because a place that refuses calls
   * always has the fewest.
   */
  turnedAway(place: Place<unknown>): void {
    if (this.#places.length < 2) return;
    place.lingering.add(this.#clock.now());
    this.#odd = true;
  }
  /** Returns the current state of all addresses. */
  addresses(): readonly AddressState[] {
    this.#settle(this.#clock.now());
    return this.#places.map((place) => ({
      address: place.address,
      state: this.#stateOf(place),
      inFlight: place.inFlight,
    }));
  }
  #stateOf(place: Place<T>): AddressState["state"] {
    if (place.leaving) return "leaving";
    if (place.health === "ejected" && !(this.#all && place.ready)) return "ejected";
    if (!place.ready) return "idle";
    return place.health === "probing" || place.warmFrom !== undefined ? "warming" : "connected";
  }

  #pickAmongOdd(avoid: PlacePreference | undefined): Place<T> | undefined {
    const now = this.#clock.now();
    if (now - this.#settledAt >= SETTLE_MS) this.#settle(now);
    if (avoid !== undefined) {
      const others = this.#open.filter((place) => !avoid.avoids(place) && this.#takes(place));
      if (others.length > 0) return this.#better(others);
    }
    const better = this.#better(this.#open);
    if (better !== undefined && this.#takes(better)) return better;
    return this.#any(this.#open.filter((place) => this.#mayProbe(place)));
  }
  #better(open: readonly Place<T>[]): Place<T> | undefined {
    const a = this.#draw(open, undefined);
    const b = open.length > 1 ? this.#draw(open, a) : a;
    if (a === undefined || b === undefined || a === b) return a ?? b;
    if (!this.#takes(a)) return b;
    return this.#takes(b) && b.load < a.load ? b : a;
  }
  /** Returns a random address. Addresses that warm up often decline. */
  #draw(open: readonly Place<T>[], besides: Place<T> | undefined): Place<T> | undefined {
    const skipped = besides === undefined ? open.length : open.indexOf(besides);
    const count = besides === undefined ? open.length : open.length - 1;
    let drawn: Place<T> | undefined;
    for (let i = 0; i < DECLINED; i++) {
      const at = Math.floor(this.#clock.random() * count);
      drawn = open[at < skipped ? at : at + 1];
      if (drawn === undefined || drawn.share >= 1 || this.#clock.random() < drawn.share) return drawn;
    }
    return besides ?? drawn;
  }
  #takes(place: Place<T>): boolean {
    return this.#mayProbe(place) && this.#room(place.of);
  }
  #mayProbe(place: Place<T>): boolean {
    return place.health !== "probing" || this.#all || place.inFlight === 0;
  }
  #withRoom(place: Place<T> | undefined): Place<T> | undefined {
    return place !== undefined && this.#room(place.of) ? place : undefined;
  }
  /** Returns the least busy address that has room. */
  #any(open: readonly Place<T>[]): Place<T> | undefined {
    let found: Place<T> | undefined;
    for (const place of open)
      if (this.#room(place.of) && (found === undefined || place.load < found.load)) found = place;
    return found;
  }

  #failed(place: Place<unknown>, era: number): void {
    const now = this.#clock.now();
    place.lingering.add(now);
    this.#odd = true;
    if (era !== place.era || place.health === "ejected" || place.leaving) return;
    place.failures++;
    if (this.#maxEjected === 0 || !(place.health === "probing" || place.failures >= this.#ejectAfter)) return;
    // The last address stays in use, even if it fails.
    if (!this.#places.some((other) => other !== place && other.ready && !other.leaving)) return;
    this.#eject(place, now);
  }
  #become(place: Place<unknown>, health: keyof typeof HEALTH_TRANSITIONS): void {
    place.health = transition(HEALTH_TRANSITIONS, place.health, health);
  }
  #eject(place: Place<unknown>, now: number): void {
    const again = place.health === "probing" || now - place.backAt <= place.forMs;
    place.times = again ? place.times + 1 : 1;
    place.forMs = Math.min(this.#ejectMs * place.times, MAX_EJECTION_MS);
    place.until = now + place.forMs;
    this.#become(place, "ejected");
    place.warmFrom = undefined;
    place.era++;
    const { address, forMs, failures: consecutive } = place;
    place.failures = 0;
    this.#choose();
    this.ejectionListener?.({ address, forMs, consecutive, at: now });
  }
  /** Puts the address back into use, for one call at a time. */
  #probe(place: Place<unknown>, now: number): void {
    this.#become(place, "probing");
    place.backAt = now;
    place.era++;
    place.failures = 0;
    this.#odd = true;
  }
  #recovered(place: Place<unknown>): void {
    const now = this.#clock.now();
    if (place.health === "ejected") place.backAt = now; // it was in use because too many were ejected
    this.#become(place, "well");
    place.era++;
    this.#warm(place, now);
    this.#choose();
  }
  #warm(place: Place<unknown>, now: number): void {
    place.warmFrom = now;
    place.share = FIRST_SHARE;
    this.#odd = true;
  }
  #took(place: Place<unknown>, slowness: number): void {
    const before = place.slowness;
    if (before >= SLOW) this.#forget(place, this.#clock.now());
    place.slowness += (Math.min(slowness, SLOWEST) - place.slowness) * (place.suspect ? SUSPECT_WEIGHT : WEIGHT);
    if (place.slowness < UNSUSPECT) place.suspect = false;
    if (place.slowness < SLOW || before >= SLOW) return;
    place.suspect = true;
    place.slowFrom = this.#clock.now();
    this.#odd = true;
  }
  /** Lets the slowness decay over time. */
  #forget(place: Place<unknown>, now: number): void {
    place.slowness = 1 + (place.slowness - 1) * Math.exp((place.slowFrom - now) / FORGOTTEN_MS);
    place.slowFrom = now;
  }

  /** Applies the changes that depend on time. */
  #settle(now: number): void {
    this.#settledAt = now;
    let odd = false;
    let changed = false;
    for (const place of this.#places) {
      if (place.health === "ejected" && now >= place.until) {
        this.#probe(place, now);
        changed = true;
      }
      if (place.warmFrom !== undefined) {
        place.share = Math.max(FIRST_SHARE, Math.min(1, (now - place.warmFrom) / WARM_UP_MS));
        if (place.share === 1) place.warmFrom = undefined;
      } else place.share = 1;
      if (place.slowness >= SLOW) this.#forget(place, now);
      place.lingering.settle(now);
      odd ||=
        place.health !== "well" || place.warmFrom !== undefined || place.slowness >= SLOW || place.lingering.count > 0;
    }
    this.#odd = odd;
    if (changed) this.#choose();
  }
  /** Selects the addresses for choices: those that are not ejected, or all, if these are too few. */
  #choose(): void {
    const ready = this.#places.filter((place) => place.ready && !place.leaving);
    const ejected = ready.filter((place) => place.health === "ejected").length;
    const out = this.#places.filter((place) => place.health === "ejected" && !place.leaving).length;
    if (out !== this.#ejected) {
      this.#ejected = out;
      this.ejectedListener?.(out);
    }
    const most = Math.max(1, Math.floor(this.#maxEjected * ready.length));
    const well = ready.some((place) => place.health === "well");
    this.#all = ejected > most || !well;
    this.#open = this.#all ? ready : ready.filter((place) => place.health !== "ejected");
  }
}

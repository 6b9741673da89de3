import type { Clock } from "../../clock.ts";
import type { AddressState } from "../../observer-upstreams.ts";
import type { BalancePolicy } from "./balance-policy.ts";
import { RecentCount } from "./recent-count.ts";

/** However often in a row it fails, an address is ejected for no longer, in milliseconds. */
const LONGEST_EJECTION_MS = 300_000;
/** How long it takes until an address that is new, or has come back, gets its whole share, in milliseconds. */
export const WARM_UP_MS = 10_000;
/** The share that it begins with. */
const FIRST_SHARE = 0.1;
/** What changes by itself is looked at so often, in milliseconds. */
const SETTLE_MS = 100;
/** An answer counts as at most so many times as slow as others of its method, so that no single one decides. */
const SLOWEST = 4;
/** From so many times as slow as all on, an address is avoided. */
const SLOW = 2;
/** Then each of its calls counts as so many, times the square of how slow it is. */
const SLOW_FACTOR = 4;
/** In which that is forgotten, but for 1/e of it, in milliseconds. */
const FORGOTTEN_MS = 15_000;
/** How much a single answer counts for how slow an address is. */
const WEIGHT = 1 / 8;
/** The same where it was avoided: whether it is still slow, or well again, is to be known soon. */
const SUSPECT_WEIGHT = 1 / 2;
/** Below it is no longer under suspicion. */
const UNSUSPECT = 1.25;
/** How often an address that is warming up may decline in one choice. */
const DECLINED = 4;

/** An address that is left alone for a while, since it failed again and again. */
export interface Ejection {
  /** `10.0.0.7:8080` */
  readonly address: string;
  readonly forMs: number;
  /** Failures in a row. */
  readonly consecutive: number;
  readonly at: number;
}

/** Who would rather have another place. */
export interface PlacePreference {
  avoids(place: object): boolean;
}

/** One address, as it is counted. Only its balancer writes what is not `readonly`, but for `inFlight`. */
export class Place<T> {
  readonly address: string;
  /** What its owner has there. */
  readonly of: T;
  /** Calls under way: whoever begins one adds 1, and takes it back when that has ended. */
  inFlight = 0;
  /** It takes calls. */
  ready = false;
  /** It gets no more calls. */
  leaving = false;
  /** Changes with each ejection and return: of calls that began in another one nothing follows. */
  era = 0;
  /** In a row. */
  failures = 0;
  ejected = false;
  until = 0;
  /** How often in a row it was ejected, the last time for so long, and since when it is back. */
  times = 0;
  forMs = 0;
  backAt = Number.NEGATIVE_INFINITY;
  /** It is back, and nobody knows yet whether it is well: one call at a time. */
  probing = false;
  warmFrom: number | undefined;
  /** From 0 to 1, as last looked at. */
  share = 1;
  readonly lingering = new RecentCount();
  /** How many times as slow its answers are as those of all. */
  slowness = 1;
  slowFrom = 0;
  suspect = false;

  constructor(address: string, of: T) {
    this.address = address;
    this.of = of;
  }
  /** How busy it seems to be. */
  get load(): number {
    const busy = this.inFlight + this.lingering.count;
    if (this.slowness < SLOW) return busy / this.share;
    return ((busy + 1) * SLOW_FACTOR * this.slowness * this.slowness) / this.share;
  }
}

export interface BalancerOptions<T> {
  readonly policy?: BalancePolicy | undefined;
  readonly clock: Clock;
  /** Whether there is room for another call. */
  readonly room: (of: T) => boolean;
}

/**
 * Which of an upstream's addresses takes a call: of two random ones that with fewer calls under way (runtime.md, "Balancing"). It knows
 * nothing of connections: its owner says which addresses there are, and which of them can be called.
 */
export class Balancer<T> {
  readonly #clock: Clock;
  readonly #room: (of: T) => boolean;
  readonly #ejectAfter: number;
  readonly #ejectMs: number;
  readonly #maxEjected: number;
  readonly #places: Place<T>[] = [];
  #open: readonly Place<T>[] = []; // those that are chosen from
  #all = false; // also of those that are ejected, or not known to be well
  #odd = false; // something is not as in most processes at most times
  #settledAt = Number.NEGATIVE_INFINITY;
  /** Is told of ejections. */
  told: ((ejection: Ejection) => void) | undefined;

  constructor({ policy = {}, clock, room }: BalancerOptions<T>) {
    const { ejectAfter = 5, ejectMs = 30_000, maxEjected = 0.5 } = policy;
    this.#clock = clock;
    this.#room = room;
    this.#ejectAfter = ejectAfter;
    this.#ejectMs = ejectMs;
    this.#maxEjected = maxEjected;
  }

  /** An address more; it takes calls once it is `up`. */
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
  /** It gets no more calls; those that it has may end. */
  leave(place: Place<T>): void {
    place.leaving = true;
    this.#choose();
  }
  /**
   * It can be called.
   *
   * @param cold it is new among others, or was away: it warms up
   */
  up(place: Place<T>, cold: boolean): void {
    if (place.ready) return;
    const others = this.#open.length > 0;
    place.ready = true;
    // Whoever has begun anew may be well again; who was ejected more often than once has to wait all the same.
    if (cold && place.ejected && place.times === 1) this.#probe(place, this.#clock.now());
    else if (cold && others && !place.ejected) this.#warm(place, this.#clock.now());
    this.#choose();
  }
  /** It cannot be called. */
  down(place: Place<T>): void {
    place.ready = false;
    this.#choose();
  }

  /** Who takes a call; undefined when nobody has room. */
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
   * How a call ended that has been under way.
   *
   * @param era the place's, when it began
   * @param good as a breaker has it: true good, false bad, undefined says nothing
   * @param slowness how many times as long it took as its method takes elsewhere
   */
  judged(place: Place<unknown>, era: number, good: boolean | undefined, slowness?: number): void {
    if (this.#places.length < 2 || good === undefined) return;
    if (!good) this.#failed(place, era);
    else {
      if (slowness !== undefined) this.#took(place, slowness);
      if (era !== place.era) return;
      place.failures = 0;
      if (place.ejected || place.probing) this.#recovered(place);
    }
  }
  /** A call was turned away, at once: for a while it counts as under way, since who turns away has always the fewest. */
  turnedAway(place: Place<unknown>): void {
    if (this.#places.length < 2) return;
    place.lingering.add(this.#clock.now());
    this.#odd = true;
  }
  /** All of them, as they are now. */
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
    if (place.ejected && !(this.#all && place.ready)) return "ejected";
    if (!place.ready) return "idle";
    return place.probing || place.warmFrom !== undefined ? "warming" : "connected";
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
  /** A random one; those that warm up often decline. */
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
    return !place.probing || this.#all || place.inFlight === 0;
  }
  #withRoom(place: Place<T> | undefined): Place<T> | undefined {
    return place !== undefined && this.#room(place.of) ? place : undefined;
  }
  /** The least busy one that has room. */
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
    if (era !== place.era || place.ejected || place.leaving) return;
    place.failures++;
    if (this.#maxEjected === 0 || !(place.probing || place.failures >= this.#ejectAfter)) return;
    // The last one is no good, and better than none.
    if (!this.#places.some((other) => other !== place && other.ready && !other.leaving)) return;
    this.#eject(place, now);
  }
  #eject(place: Place<unknown>, now: number): void {
    const again = place.probing || now - place.backAt <= place.forMs;
    place.times = again ? place.times + 1 : 1;
    place.forMs = Math.min(this.#ejectMs * place.times, LONGEST_EJECTION_MS);
    place.until = now + place.forMs;
    place.ejected = true;
    place.probing = false;
    place.warmFrom = undefined;
    place.era++;
    const { address, forMs, failures: consecutive } = place;
    place.failures = 0;
    this.#choose();
    this.told?.({ address, forMs, consecutive, at: now });
  }
  /** It is back for one call at a time. */
  #probe(place: Place<unknown>, now: number): void {
    place.ejected = false;
    place.probing = true;
    place.backAt = now;
    place.era++;
    place.failures = 0;
    this.#odd = true;
  }
  #recovered(place: Place<unknown>): void {
    const now = this.#clock.now();
    if (place.ejected) place.backAt = now; // it was used all the same, since too many were ejected
    place.ejected = false;
    place.probing = false;
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
  /** How slow it was is no longer as true as it was. */
  #forget(place: Place<unknown>, now: number): void {
    place.slowness = 1 + (place.slowness - 1) * Math.exp((place.slowFrom - now) / FORGOTTEN_MS);
    place.slowFrom = now;
  }

  /** What time has changed. */
  #settle(now: number): void {
    this.#settledAt = now;
    let odd = false;
    let changed = false;
    for (const place of this.#places) {
      if (place.ejected && now >= place.until) {
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
        place.ejected ||
        place.probing ||
        place.warmFrom !== undefined ||
        place.slowness >= SLOW ||
        place.lingering.count > 0;
    }
    this.#odd = odd;
    if (changed) this.#choose();
  }
  /** Who is chosen from: those that are not ejected; all, when these are too few. */
  #choose(): void {
    const ready = this.#places.filter((place) => place.ready && !place.leaving);
    const ejected = ready.filter((place) => place.ejected).length;
    const most = Math.max(1, Math.floor(this.#maxEjected * ready.length));
    const well = ready.some((place) => !place.ejected && !place.probing);
    this.#all = ejected > most || !well;
    this.#open = this.#all ? ready : ready.filter((place) => !place.ejected);
  }
}

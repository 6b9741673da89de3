import { isIP, type LookupFunction } from "node:net";
import type { Clock, Timer } from "../../clock.ts";
import type { BalancePolicy } from "./balance-policy.ts";
import { Subset } from "./subset.ts";

/** Time after which an address that is missing from the answers of its name is dropped, in milliseconds. */
const MISSING_MS = 120_000;
/** Interval between lookups of the names, in milliseconds. */
const REFRESH_MS = 5_000;
/** Number of addresses that a process uses, if there are more. */
const MAX_ADDRESSES = 128;

/** One address of an upstream. */
export interface Target {
  /** URL of the list entry that the address belongs to. */
  readonly url: URL;
  /** IP address. */
  readonly ip: string;
  /** `10.0.0.7:8080`, `[::1]:8080` */
  readonly address: string;
  /**
   * True for an address of the other IP family, if a name has both. It is the same server again, for use if no address
   * of the first family can be reached.
   */
  readonly spare: boolean;
}

/** A name or an address in the list of URLs. */
interface Name {
  readonly url: URL;
  readonly host: string;
  /** Time since which each IP address is missing from the answers; undefined if it is present. */
  readonly seen: Map<string, { missingFrom: number | undefined; readonly family: number }>;
  /** IP family of the addresses that are called. */
  family: number | undefined;
  isPending: boolean;
  /** True if another lookup was requested during this one. */
  again: boolean;
  failure: string;
}

/** The addresses of an upstream: those of all names in its list that the resolver has returned. */
export class Addresses {
  readonly #names: readonly Name[];
  readonly #lookup: LookupFunction;
  readonly #clock: Clock;
  readonly #refreshMs: number;
  readonly #subset: Subset;
  #timer: Timer | undefined;
  #lookedUpAt = Number.NEGATIVE_INFINITY;
  #known: readonly Target[] = [];
  /** Called after a name was resolved, or could not be; never from within `resolve`. */
  changed: () => void = () => {};

  /** @param urls each with a name, or with an address, which is never looked up */
  constructor(urls: readonly URL[], lookup: LookupFunction, clock: Clock, policy: BalancePolicy = {}) {
    this.#lookup = lookup;
    this.#clock = clock;
    this.#refreshMs = policy.refreshMs ?? REFRESH_MS;
    this.#subset = new Subset(policy.subset ?? MAX_ADDRESSES, policy.process);
    this.#names = urls.map((url): Name => {
      const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
      const family = isIP(host);
      const seen: Name["seen"] = new Map(family === 0 ? [] : [[host, { missingFrom: undefined, family }]]);
      return { url, host, seen, family: family || undefined, isPending: false, again: false, failure: "" };
    });
    this.#update();
  }

  /** The addresses that this process uses; those of a name are in the order of its last answer. */
  get known(): readonly Target[] {
    return this.#known;
  }
  /** True while a lookup runs for names that are unknown or may be outdated. */
  get isPending(): boolean {
    return this.#names.some(({ isPending }) => isPending);
  }
  /** Reasons why names could not be resolved. */
  get failure(): string {
    return [...new Set(this.#names.map(({ failure }) => failure).filter((text) => text !== ""))].join(", ");
  }
  /** Reports whether the name no longer has this address. */
  isMissing({ url, ip }: Target): boolean {
    const seen = this.#names.find((name) => name.url === url)?.seen.get(ip);
    return seen === undefined || seen.missingFrom !== undefined;
  }
  /** Drops an address that is missing and cannot be reached either. */
  forget({ url, ip }: Target): void {
    this.#names.find((name) => name.url === url)?.seen.delete(ip);
    this.#update();
  }
  /** Prefers the family of this address, because addresses of the previous family cannot be reached. */
  prefer({ url, ip }: Target): void {
    const name = this.#names.find((entry) => entry.url === url);
    if (name !== undefined) name.family = isIP(ip);
    this.#update();
  }

  /**
   * Looks up all names. Returns false if the list contains none; otherwise `changed` follows. A failed lookup leaves
   * the known addresses unchanged.
   */
  resolve(): boolean {
    const names = this.#names.filter(({ host }) => isIP(host) === 0);
    this.#lookedUpAt = this.#clock.now();
    for (const name of names) this.#lookUp(name);
    return names.length > 0;
  }
  /** Refreshes the names periodically while `isNeeded` returns true, and at once if the known addresses are old. */
  keep(isNeeded: () => boolean): void {
    if (this.#timer !== undefined || this.#names.every(({ host }) => isIP(host) !== 0)) return;
    if (this.#clock.now() - this.#lookedUpAt >= this.#refreshMs) this.resolve();
    const ms = this.#refreshMs * (1 + 0.4 * this.#clock.random());
    this.#timer = this.#clock.setTimeout(
      () => {
        this.#timer = undefined;
        if (!isNeeded()) return;
        this.keep(isNeeded);
      },
      ms,
      undefined,
    );
  }
  close(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #lookUp(name: Name): void {
    if (name.isPending) {
      name.again = true;
      return;
    }
    name.isPending = true;
    name.again = false;
    this.#lookup(name.host, { all: true }, (error, found) => {
      name.isPending = false;
      const all = typeof found === "string" ? [{ address: found, family: isIP(found) }] : (found ?? []);
      if (error !== null || all.length === 0) name.failure = error?.message ?? `${name.host} has no address`;
      else {
        name.failure = "";
        this.#answered(name, all);
      }
      if (name.again) this.#lookUp(name);
      this.#update();
      queueMicrotask(() => this.changed());
    });
  }
  #answered(name: Name, found: readonly { readonly address: string; readonly family?: number | undefined }[]): void {
    const now = this.#clock.now();
    const families = new Map(found.map(({ address, family }) => [address, family ?? isIP(address)]));
    for (const [ip, seen] of name.seen) {
      if (families.has(ip)) seen.missingFrom = undefined;
      else seen.missingFrom ??= now;
      if (seen.missingFrom !== undefined && now - seen.missingFrom >= MISSING_MS) name.seen.delete(ip);
    }
    for (const [ip, family] of families) if (!name.seen.has(ip)) name.seen.set(ip, { missingFrom: undefined, family });
    const all = [...families.values()];
    if (name.family === undefined || !all.includes(name.family)) name.family = all[0];
  }
  /** Uses further addresses if ejections leave too few. */
  replace(count: number): void {
    const { size } = this.#subset;
    this.#subset.ejected = count;
    if (this.#subset.size === size) return;
    this.#update();
    queueMicrotask(() => this.changed());
  }
  #update(): void {
    const before = new Map(this.#known.map((target) => [keyOf(target), target]));
    const all = this.#names.flatMap(({ url, seen, family: mainFamily }) =>
      [...seen].map(([ip, { family }]): Target => {
        const spare = family !== mainFamily;
        const known = before.get(`${url.href} ${ip}`);
        if (known?.spare === spare) return known;
        const port = url.port || (url.protocol === "https:" ? "443" : "80");
        return { url, ip, address: `${family === 6 ? `[${ip}]` : ip}:${port}`, spare };
      }),
    );
    const [main, spares] = [false, true].map((isSpare) => all.filter(({ spare }) => spare === isSpare));
    const used = new Set([...this.#subset.of(main ?? [], keyOf), ...this.#subset.of(spares ?? [], keyOf)]);
    this.#known = all.filter((target) => used.has(target));
  }
}

/** Returns a key that identifies a target. It does not depend on changeable properties. */
export const keyOf = ({ url, ip }: Target): string => `${url.href} ${ip}`;

/** Returns a lookup for node:net that yields this address for any name. */
export const lookupOf =
  ({ ip }: Target): LookupFunction =>
  (_, options, done) => {
    const family = isIP(ip);
    if (options.all === true) done(null, [{ address: ip, family }]);
    else done(null, ip, family);
  };

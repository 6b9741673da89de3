import { isIP, type LookupFunction } from "node:net";
import type { Clock, Timer } from "../../clock.ts";

/** An address that is missing from the answers of its name is given up after so long, in milliseconds. */
const MISSING_MS = 120_000;
/** No more than this of one upstream; of more it is these, which stay. */
export const MOST_ADDRESSES = 128;

/** One address of an upstream. */
export interface Target {
  /** Of the list that it is of. */
  readonly url: URL;
  /** IP address. */
  readonly ip: string;
  /** `10.0.0.7:8080`, `[::1]:8080` */
  readonly address: string;
  /** Of the other family, where a name has both: the same servers again, for when none of the first can be reached. */
  readonly spare: boolean;
}

/** A name, or an address, of the list. */
interface Name {
  readonly url: URL;
  readonly host: string;
  /** By IP address: since when it is missing from the answers; undefined: it is there. */
  readonly seen: Map<string, { missingFrom: number | undefined; readonly family: number }>;
  /** Of those that are called. */
  family: number | undefined;
  asking: boolean;
  /** Asked again meanwhile. */
  again: boolean;
  failure: string;
}

/** Where an upstream is: the addresses of all names in its list, as far as the resolver has told them. */
export class Addresses {
  readonly #names: readonly Name[];
  readonly #lookup: LookupFunction;
  readonly #clock: Clock;
  readonly #refreshMs: number;
  #timer: Timer | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #known: readonly Target[] = [];
  /** Called when a name has been resolved, or could not be; never from within `resolve`. */
  changed: () => void = () => {};

  /** @param urls each with a name, or with an address, which is never looked up */
  constructor(urls: readonly URL[], lookup: LookupFunction, clock: Clock, refreshMs: number) {
    this.#lookup = lookup;
    this.#clock = clock;
    this.#refreshMs = refreshMs;
    this.#names = urls.map((url): Name => {
      const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
      const family = isIP(host);
      const seen: Name["seen"] = new Map(family === 0 ? [] : [[host, { missingFrom: undefined, family }]]);
      return { url, host, seen, family: family || undefined, asking: false, again: false, failure: "" };
    });
    this.#update();
  }

  /** All that there are, those of a name in the order of its last answer. */
  get known(): readonly Target[] {
    return this.#known;
  }
  /** Whether names are being resolved of which nothing is known, or of which it may be old. */
  get asking(): boolean {
    return this.#names.some(({ asking }) => asking);
  }
  /** Why names could not be resolved. */
  get failure(): string {
    return [...new Set(this.#names.map(({ failure }) => failure).filter((text) => text !== ""))].join(", ");
  }
  /** Whether the name no longer has it. */
  isMissing({ url, ip }: Target): boolean {
    const seen = this.#names.find((name) => name.url === url)?.seen.get(ip);
    return seen === undefined || seen.missingFrom !== undefined;
  }
  /** It is missing, and cannot be reached either. */
  forget({ url, ip }: Target): void {
    this.#names.find((name) => name.url === url)?.seen.delete(ip);
    this.#update();
  }
  /** Others of this family can be reached, and those of the one before cannot. */
  prefer({ url, ip }: Target): void {
    const name = this.#names.find((one) => one.url === url);
    if (name !== undefined) name.family = isIP(ip);
    this.#update();
  }

  /** Asks for all names, if there are any; `changed` follows. What fails leaves what is known as it is. */
  resolve(): boolean {
    const names = this.#names.filter(({ host }) => isIP(host) === 0);
    this.#askedAt = this.#clock.now();
    for (const name of names) this.#ask(name);
    return names.length > 0;
  }
  /** From now on it is asked again now and then, for as long as `wanted` holds, and at once when what is known is old. */
  keep(wanted: () => boolean): void {
    if (this.#timer !== undefined || this.#names.every(({ host }) => isIP(host) !== 0)) return;
    if (this.#clock.now() - this.#askedAt >= this.#refreshMs) this.resolve();
    const ms = this.#refreshMs * (1 + 0.4 * this.#clock.random());
    this.#timer = this.#clock.setTimeout(
      () => {
        this.#timer = undefined;
        if (!wanted()) return;
        this.keep(wanted);
      },
      ms,
      undefined,
    );
  }
  close(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #ask(name: Name): void {
    if (name.asking) {
      name.again = true;
      return;
    }
    name.asking = true;
    name.again = false;
    this.#lookup(name.host, { all: true }, (error, found) => {
      name.asking = false;
      const all = typeof found === "string" ? [{ address: found, family: isIP(found) }] : (found ?? []);
      if (error !== null || all.length === 0) name.failure = error?.message ?? `${name.host} has no address`;
      else {
        name.failure = "";
        this.#answered(name, all);
      }
      if (name.again) this.#ask(name);
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
    const fresh = [...families].filter(([ip]) => !name.seen.has(ip));
    const room = MOST_ADDRESSES - this.#names.reduce((sum, { seen }) => sum + seen.size, 0);
    for (const [ip, family] of fresh.length > room ? this.#some(fresh, room) : fresh)
      name.seen.set(ip, { missingFrom: undefined, family });
    const all = [...families.values()];
    if (name.family === undefined || !all.includes(name.family)) name.family = all[0];
  }
  /** So many of them, by chance, so that processes differ. */
  #some<T>(all: readonly T[], count: number): readonly T[] {
    const left = [...all];
    const take = (): T[] => left.splice(Math.floor(this.#clock.random() * left.length), 1);
    return Array.from({ length: Math.max(0, count) }, take).flat();
  }
  #update(): void {
    const before = new Map(this.#known.map((target) => [keyOf(target), target]));
    this.#known = this.#names.flatMap(({ url, seen, family: own }) =>
      [...seen].map(([ip, { family }]): Target => {
        const spare = family !== own;
        const known = before.get(`${url.href} ${ip}`);
        if (known?.spare === spare) return known;
        const port = url.port || (url.protocol === "https:" ? "443" : "80");
        return { url, ip, address: `${family === 6 ? `[${ip}]` : ip}:${port}`, spare };
      }),
    );
  }
}

/** Tells targets apart, whatever is said of them meanwhile. */
export const keyOf = ({ url, ip }: Target): string => `${url.href} ${ip}`;

/** For node:net: this address, whatever the name. */
export const lookupOf =
  ({ ip }: Target): LookupFunction =>
  (_, options, done) => {
    const family = isIP(ip);
    if (options.all === true) done(null, [{ address: ip, family }]);
    else done(null, ip, family);
  };

import { isIP, type LookupFunction } from "node:net";
import type { Clock } from "../clock.ts";

/** How old an answer of the resolver may be while calls are made, in milliseconds. */
const KNOWN_MS = 30_000;

/**
 * The addresses of an upstream's name. Each connection begins with one that has the fewest; the others are tried after it, by node:net.
 * Clients begin with different ones, so that many clients of few connections meet all addresses.
 */
export class Addresses {
  readonly #host: string;
  readonly #lookup: LookupFunction;
  readonly #clock: Clock;
  #turn: number | undefined;
  #known: readonly string[] = [];
  #resolvedAt = Number.NEGATIVE_INFINITY;
  #resolving = false;
  /** How many connections an address has. */
  connections: (address: string) => number = () => 0;
  /** Called when the name has been resolved, at whose request ever. */
  changed: () => void = () => {};

  /** @param host a name, or an address, which is never looked up */
  constructor(host: string, lookup: LookupFunction, clock: Clock) {
    this.#host = host;
    this.#lookup = lookup;
    this.#clock = clock;
  }

  /**
   * As last resolved, of the family that the resolver prefers: where a host has two, the other one's would be the same servers again.
   * Empty before, and for what needs no resolver.
   */
  get known(): readonly string[] {
    return this.#known;
  }

  /** For node:net. */
  readonly lookup: LookupFunction = (host, options, done) => {
    this.#lookup(host, { ...options, all: true }, (error, found, family) => {
      if (error !== null || typeof found === "string") {
        done(error, found, family);
        return;
      }
      this.#turn ??= Math.floor(this.#clock.random() * found.length);
      const first = this.#turn++ % Math.max(1, found.length);
      this.#resolved(found);
      const addresses = [...found.slice(first), ...found.slice(0, first)]
        .map((one) => ({ one, connections: this.connections(one.address), preferred: one.family === found[0]?.family }))
        .sort((a, b) => Number(b.preferred) - Number(a.preferred) || a.connections - b.connections)
        .map(({ one }) => one);
      const [next] = addresses;
      if (options.all === true || next === undefined) done(null, addresses);
      else done(null, next.address, next.family);
    });
  };

  /** Asks again when what is known has become old. What fails leaves it as it is. */
  refresh(): void {
    if (this.#resolving || this.#clock.now() - this.#resolvedAt < KNOWN_MS || isIP(this.#host) !== 0) return;
    this.#resolving = true;
    this.#lookup(this.#host, { all: true }, (error, found) => {
      this.#resolving = false;
      if (error === null && typeof found !== "string") this.#resolved(found);
    });
  }

  #resolved(found: readonly { readonly address: string; readonly family?: number }[]): void {
    const addresses = found.filter(({ family }) => family === found[0]?.family).map(({ address }) => address);
    this.#known = [...new Set(addresses)];
    this.#resolvedAt = this.#clock.now();
    this.changed();
  }
}

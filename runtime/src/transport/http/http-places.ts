// Choice of an upstream's address for an HTTP request: one agent per address, among which its balancer chooses.
import type { Agent } from "node:http";
import type { LookupFunction } from "node:net";
import { isIP } from "node:net";
import type { Clock } from "../../clock.ts";
import { Addresses, keyOf, type Target } from "../balance/addresses.ts";
import type { BalancePolicy } from "../balance/balance-policy.ts";
import { Balancer, type Place, type PlacePreference } from "../balance/balancer.ts";

/** Time without calls after which the names of an upstream are no longer looked up, in milliseconds. */
const UNUSED_MS = 60_000;

/** One address, and the connections to it. */
export interface HttpPlace {
  readonly target: Target;
  agent: Agent;
  /** Lookup for node:net: this address, and those of the other family, which count as the same servers. */
  readonly lookup: LookupFunction;
}

interface HttpPlacesOptions {
  readonly lookup: LookupFunction;
  readonly clock: Clock;
  readonly balance: BalancePolicy | undefined;
  readonly agent: () => Agent;
}

export class HttpPlaces {
  readonly balancer: Balancer<HttpPlace>;
  readonly #addresses: Addresses;
  readonly #agent: () => Agent;
  readonly #clock: Clock;
  readonly #places = new Map<string, Place<HttpPlace>>();
  #resolved = false;
  #usedAt = Number.NEGATIVE_INFINITY;

  constructor(urls: readonly URL[], { lookup, clock, balance, agent }: HttpPlacesOptions) {
    this.#agent = agent;
    this.#clock = clock;
    this.#addresses = new Addresses(urls, lookup, clock, balance);
    this.#addresses.changed = () => this.#update(this.#resolved);
    // Agents queue the requests that have no connection.
    this.balancer = new Balancer({ policy: balance, clock, room: () => true });
    this.balancer.ejectedListener = (count) => this.#addresses.replace(count);
    this.#update(false);
  }

  /** Returns undefined while no address is known, or if none could be found. */
  take(avoid: PlacePreference | undefined): Place<HttpPlace> | undefined {
    this.#usedAt = this.#clock.now();
    this.#addresses.keep(() => this.#clock.now() - this.#usedAt < UNUSED_MS);
    return this.balancer.pick(avoid);
  }
  /** Looks up the names again, because a connection was lost, or could not be made. */
  lost(): void {
    this.#addresses.resolve();
  }
  /** Replaces the agents of all addresses, and returns the previous ones. */
  renew(): readonly Agent[] {
    return [...this.#places.values()].map((place) => {
      const before = place.of.agent;
      place.of.agent = this.#agent();
      return before;
    });
  }
  close(): void {
    this.#addresses.close();
    for (const place of this.#places.values()) place.of.agent.destroy();
  }

  #update(cold: boolean): void {
    const known = this.#addresses.known;
    const primary = known.filter(({ spare }) => !spare);
    for (const target of primary) {
      if (this.#places.has(keyOf(target))) continue;
      const spares = (): readonly Target[] =>
        this.#addresses.known.filter((address) => address.spare && address.url === target.url);
      const place = this.balancer.add(target.address, {
        target,
        agent: this.#agent(),
        lookup: lookupOf(target, spares),
      });
      this.#places.set(keyOf(target), place);
      this.balancer.up(place, cold);
    }
    const keys = new Set(primary.map(keyOf));
    for (const [key, place] of this.#places) {
      if (keys.has(key)) continue;
      // Requests in flight may end; the agent closes idle connections.
      this.#places.delete(key);
      this.balancer.remove(place);
      place.of.agent.maxFreeSockets = 0;
      for (const sockets of Object.values(place.of.agent.freeSockets))
        for (const socket of sockets ?? []) socket.destroy();
    }
    if (known.length > 0) this.#resolved = true;
  }
}

function lookupOf({ ip }: Target, spares: () => readonly Target[]): LookupFunction {
  return (_, options, done) => {
    const all = [ip, ...spares().map((spare) => spare.ip)].map((address) => ({ address, family: isIP(address) }));
    if (options.all === true) done(null, all);
    else done(null, ip, isIP(ip));
  };
}

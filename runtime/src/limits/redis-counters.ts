import type { RedisClient } from "../redis/connection.ts";
import type { Connect } from "../redis/redis-client.ts";
import { runScript } from "../redis/redis-script.ts";
import { MAX_TICKS } from "./local-counters.ts";
import type { Charge, Counter } from "./rate-limit.ts";
import { ADD, CHARGE } from "./redis-script.ts";
import type { Answer, SharedCounters } from "./shared-counters.ts";

const PREFIX = "bff:limit:";

/** Charges of one slot, by their index among all of a request. */
interface Group {
  readonly indexes: number[];
  readonly charges: Charge[];
  readonly keys: string[];
}

/**
 * Counters in Redis, 6.2 or later. All processes count together, by Redis's clock, and recovered keys are not kept. One
 * script charges all counters of a request that are in one slot; without a cluster, these are all.
 */
export class RedisCounters implements SharedCounters {
  readonly #client: RedisClient;
  readonly #failed: (error: Error) => void;

  /** @param failed called for each failed attempt to connect, and each charge that could not be returned */
  constructor(connect: Connect, failed: (error: Error) => void) {
    this.#client = connect(failed);
    this.#failed = failed;
  }
  /** Resolves when it is connected, or cannot be at once. A server that starts then does not start with refusals. */
  async connected(mostMs: number): Promise<void> {
    await this.#client.connected(mostMs);
  }
  /** Charges the slots in the order of the charges. A slot that refuses or fails returns the charges to those before. */
  async charge(charges: readonly Charge[]): Promise<Answer> {
    const groups = this.#groups(charges);
    const [only] = groups;
    if (only !== undefined && groups.length === 1) return this.#chargeSlot(only.charges, only.keys);
    const times: number[] = [];
    const leased: number[] = [];
    for (const [i, { indexes, charges: ofSlot, keys }] of groups.entries()) {
      const answer = await this.#chargeSlot(ofSlot, keys).catch((error: unknown) => {
        this.#return(groups.slice(0, i), times, leased);
        throw error;
      });
      if ("at" in answer) {
        for (const [at, index] of indexes.entries()) {
          times[index] = answer.at;
          leased[index] = answer.leased?.[at] ?? 0;
        }
        continue;
      }
      this.#return(groups.slice(0, i), times, NO_LEASES);
      const standings = charges.map(() => ADMITTED);
      for (const [at, index] of indexes.entries()) standings[index] = answer.standings[at] ?? ADMITTED;
      return { standings, times, leased };
    }
    const [at = 0] = times;
    return { at, times, leased };
  }
  #groups(charges: readonly Charge[]): readonly Group[] {
    const groups = new Map<number, Group>();
    for (const [index, charge] of charges.entries()) {
      const key = this.#key(charge.counter, charge.key);
      const slot = this.#client.slotOf(key);
      const group = groups.get(slot) ?? { indexes: [], charges: [], keys: [] };
      groups.set(slot, group);
      group.indexes.push(index);
      group.charges.push(charge);
      group.keys.push(key);
    }
    return [...groups.values()];
  }
  #return(groups: readonly Group[], times: readonly number[], leased: readonly number[]): void {
    for (const { indexes, charges } of groups)
      for (const [i, { counter, key, cost }] of charges.entries()) {
        const index = indexes[i] ?? 0;
        const at = times[index] ?? 0;
        this.add(counter, key, -cost, at).catch(this.#failed);
        const units = leased[index] ?? 0;
        if (units > 0) this.add(counter, key, 0, at, units).catch(this.#failed);
      }
  }
  async #chargeSlot(charges: readonly Charge[], keys: string[]): Promise<Answer> {
    const all: string[] = [];
    const leases = charges.some(({ lease }) => lease !== undefined);
    for (const { counter, cost, lease } of charges) {
      const { drain, full, ticks } = counter;
      all.push(scaleOf(counter), String(drain), whole(full), whole(cost * ticks));
      const { most = 0, held: { units = 0, used = 0, at = 0 } = {} } = lease ?? {};
      if (leases) all.push(whole(most * ticks), whole(units * ticks), whole(used * ticks), whole(at));
    }
    const reply = await runScript(this.#client.of(keys[0] ?? ""), CHARGE, keys, all);
    if (typeof reply === "number") return { at: reply };
    if (leases && Array.isArray(reply) && Array.isArray(reply[1]))
      return { at: Number(reply[0]), leased: reply[1].map(Number) };
    if (!Array.isArray(reply) || reply.length !== 2 * charges.length || !reply.every(Number.isFinite))
      throw new Error("Redis has sent an unexpected reply");
    const numbers: readonly number[] = reply;
    return {
      standings: charges.map(({ counter }, i) => ({
        wait: numbers[2 * i] ?? 0,
        left: Math.floor((numbers[2 * i + 1] ?? 0) / counter.ticks),
      })),
    };
  }
  async add(counter: Counter, key: string, units: number, since: number, leased?: number): Promise<void> {
    const { drain, ticks } = counter;
    const charged = Math.max(-MAX_TICKS, Math.min(MAX_TICKS, units * ticks));
    const name = this.#key(counter, key);
    const all = [scaleOf(counter), String(drain), whole(charged), whole(since)];
    if (leased !== undefined) all.push(whole(leased * ticks));
    await runScript(this.#client.of(name), ADD, [name], all);
  }
  close(): void {
    this.#client.destroy();
  }
  #key({ id }: Counter, key: string): string {
    return `${this.#client.prefix}${PREFIX}${id}:${key}`;
  }
}

const NO_LEASES: readonly number[] = [];
/** State of a charge that another slot has refused. */
const ADMITTED = { wait: 0, left: 0 };

/** Returns the ticks of one unit of cost, or the calendar unit. */
const scaleOf = ({ unit, ticks }: Counter): string => (unit === "" ? whole(ticks) : unit);

/** Without an exponent, which Lua would read and its patterns would not. */
const whole = (value: number): string => BigInt(Math.round(value)).toString();

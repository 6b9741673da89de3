import { connectRedis, type RedisClient, runScript } from "../redis-client.ts";
import { MAX_TICKS } from "./local-counters.ts";
import type { Charge, Counter } from "./rate-limit.ts";
import { ADD, CHARGE } from "./redis-script.ts";
import type { Answer, SharedCounters } from "./shared-counters.ts";

const PREFIX = "bff:limit:";

/**
 * Counters in Redis, 6.2 or later. All processes count together, by Redis's clock, and recovered keys are not kept. One
 * script charges all counters of a request, so they need one database; clusters are not supported.
 */
export class RedisCounters implements SharedCounters {
  readonly #client: RedisClient;

  /**
   * @param url `redis[s]://[[username][:password]@]host[:port][/database]`; connects, and reconnects after a lost
   * connection
   * @param failed called for each failed attempt to connect
   */
  constructor(url: string, failed: (error: Error) => void) {
    this.#client = connectRedis(url, failed);
  }
  /** Resolves when it is connected, or cannot be at once. A server that starts then does not start with refusals. */
  async connected(mostMs: number): Promise<void> {
    if (this.#client.isReady) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, mostMs);
    this.#client.once("ready", resolve).once("error", () => resolve());
    await promise;
    clearTimeout(timer);
  }
  async charge(charges: readonly Charge[]): Promise<Answer> {
    const keys = charges.map(({ counter, key }) => keyIn(counter, key));
    const all: string[] = [];
    for (const { counter, cost } of charges) {
      const { drain, full, ticks } = counter;
      all.push(scaleOf(counter), String(drain), whole(full), whole(cost * ticks));
    }
    const reply = await runScript(this.#client, CHARGE, keys, all);
    if (typeof reply === "number") return { at: reply };
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
  async add(counter: Counter, key: string, units: number, since: number): Promise<void> {
    const { drain, ticks } = counter;
    const charged = Math.max(-MAX_TICKS, Math.min(MAX_TICKS, units * ticks));
    await runScript(
      this.#client,
      ADD,
      [keyIn(counter, key)],
      [scaleOf(counter), String(drain), whole(charged), whole(since)],
    );
  }
  close(): void {
    this.#client.destroy();
  }
}

const keyIn = (counter: Counter, key: string): string => `${PREFIX}${counter.id}:${key}`;

/** Returns the ticks of one unit of cost, or the calendar unit. */
const scaleOf = ({ unit, ticks }: Counter): string => (unit === "" ? whole(ticks) : unit);

/** Without an exponent, which Lua would read and its patterns would not. */
const whole = (value: number): string => BigInt(Math.round(value)).toString();

import { randomUUID } from "node:crypto";
import { answeredInTime, connectRedis, type RedisClient, runScript } from "../redis-client.ts";
import { EVERY_TAG, type Purges } from "./purges.ts";
import { packed, unpacked } from "./redis-level.ts";
import { LOOK_UP, PURGE, READ_COUNTER, STORE } from "./redis-scripts.ts";
import type { LookUp, SecondLevel, StoredTags } from "./second-level.ts";

const ENTRY_PREFIX = "bff3:";
const TAG_PREFIX = "bff-tag:";
const COUNTER = "bff-purges";
const CHANNEL = "bff-purges";
const NAME = "bff-purges-name";
/**
 * Interval between readings of the counter, and the age of a reading after which tagged answers are not used. Together
 * they are the longest time for which this process may not see another's purge.
 */
const POLL_MS = 500;
const CONFIRMED_MS = 1_500;

/**
 * Tagged answers in Redis, and the purges that all processes of one Redis share. Purges of other processes reach
 * `purges` by subscription.
 */
export class RedisTags implements SecondLevel {
  readonly #client: RedisClient;
  readonly #subscriber: RedisClient;
  readonly #purges: Purges;
  #timer: NodeJS.Timeout | undefined;
  /** The `run_id` of the connected server; undefined: unknown, so nothing is read or kept. */
  #run: string | undefined;
  /** Number of the last purge that has reached this process; undefined: unknown. */
  #known: number | undefined;
  /** A reading that no message has reached yet. */
  #pending: { readonly last: number; readonly at: number } | undefined;
  #confirmedAt = Number.NEGATIVE_INFINITY;

  /**
   * @param url as of `RedisLevel`
   * @param failed called for each failed attempt to connect and each failed connection
   */
  constructor(url: string, purges: Purges, failed: (error: Error) => void = () => {}) {
    this.#purges = purges;
    this.#client = connectRedis(url, failed);
    this.#subscriber = connectRedis(url, () => {}); // the other connection reports
    this.#client.on("ready", () => void this.#connected());
    for (const event of ["reconnecting", "end"]) this.#client.on(event, () => this.#disconnected());
    this.#subscriber.once("ready", () => void this.#subscribe());
    purges.confirmed = () => performance.now() - this.#confirmedAt < CONFIRMED_MS;
  }
  async get(key: string): Promise<LookUp | undefined> {
    const run = this.#run;
    if (run === undefined) return undefined;
    const reply = await runScript(this.#client, LOOK_UP, [COUNTER, ENTRY_PREFIX + key], [TAG_PREFIX, run]);
    const [last, leftMs, value] = reply as unknown[];
    const counter = String(last);
    if (typeof leftMs !== "number" || leftMs <= 0 || !Buffer.isBuffer(value)) return { counter };
    const found = unpacked(value);
    if (found?.key !== key) return { counter };
    return { counter, found: { bytes: found.answer, ageMs: Math.max(0, found.lifeMs - leftMs) } };
  }
  async set(key: string, answer: Uint8Array, lifeMs: number, tags?: StoredTags): Promise<void> {
    const run = this.#run;
    if (run === undefined || tags === undefined) return;
    const ms = Math.max(1, Math.round(lifeMs));
    const names = JSON.stringify([EVERY_TAG, ...tags.names]);
    const values = [TAG_PREFIX, run, tags.since, String(ms), packed(key, answer, ms), names];
    await runScript(this.#client, STORE, [COUNTER, ENTRY_PREFIX + key], values);
  }
  /**
   * Purges tags for all processes.
   *
   * @throws an Error if Redis has not confirmed it. This process has purged them anyway
   */
  async purge(names: readonly string[]): Promise<void> {
    try {
      await answeredInTime(runScript(this.#client, PURGE, [COUNTER], [TAG_PREFIX, CHANNEL, JSON.stringify(names)]));
    } finally {
      this.#purges.purge(names);
    }
  }
  /**
   * Returns a name of this Redis, which all of its processes see.
   *
   * @throws an Error if Redis does not answer
   */
  async name(): Promise<string> {
    const set = this.#client.set(NAME, randomUUID(), { condition: "NX" });
    await answeredInTime(set);
    return String(await answeredInTime(this.#client.get(NAME)));
  }
  close(): void {
    clearTimeout(this.#timer);
    this.#client.destroy();
    this.#subscriber.destroy();
  }

  async #connected(): Promise<void> {
    this.#disconnected();
    try {
      this.#run = /^run_id:(\w+)/m.exec(String(await this.#client.info("server")))?.[1];
    } catch {
      return; // without it, tagged answers stay out of Redis
    }
    void this.#poll();
  }
  /** Another server may have lost purges: nothing of before counts. */
  #disconnected(): void {
    this.#run = undefined;
    this.#known = undefined;
    this.#pending = undefined;
  }
  async #subscribe(): Promise<void> {
    await this.#subscriber.subscribe(CHANNEL, (message) => this.#receive(String(message))).catch(() => {});
    void this.#poll();
  }
  #receive(message: string): void {
    const [last, names] = parsed(message);
    if (this.#known === undefined || last <= this.#known) return;
    this.#purges.purge(last === this.#known + 1 ? names : [EVERY_TAG]);
    this.#known = last;
    if (this.#pending === undefined || last < this.#pending.last) return;
    this.#confirmedAt = this.#pending.at;
    this.#pending = undefined;
  }
  /** Compares the counter with the messages: a purge without its message is a lost one. */
  async #poll(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#poll(), POLL_MS).unref();
    // A caller that comes from now on must not join an earlier fetch.
    if (!this.#purges.confirmed()) this.#purges.purge([EVERY_TAG]);
    if (!this.#subscriber.isReady || this.#run === undefined) return;
    const at = performance.now();
    const run = this.#run;
    const reply = await answeredInTime(runScript(this.#client, READ_COUNTER, [COUNTER], [])).catch(() => undefined);
    if (reply === undefined || run !== this.#run) return;
    const last = Number(String(reply));
    if (this.#known !== undefined && this.#known < last && this.#pending === undefined) {
      this.#pending = { last, at };
      return;
    }
    if (this.#known === undefined || this.#known < last) {
      this.#purges.purge([EVERY_TAG]);
      this.#known = last;
    }
    this.#pending = undefined;
    this.#confirmedAt = at;
  }
}

/** Any other message counts as lost: the next reading of the counter reports it. */
function parsed(message: string): readonly [number, readonly string[]] {
  try {
    return JSON.parse(message) as [number, string[]];
  } catch {
    return [0, []];
  }
}

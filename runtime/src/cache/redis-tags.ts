import { randomUUID } from "node:crypto";
import { answeredInTime, connectOne, type RedisConnection } from "../redis/connection.ts";
import { runScript } from "../redis/redis-script.ts";
import { type LeaseKey, leaseName } from "./lease/fetch-wait.ts";
import { PurgeMessages } from "./purge-messages.ts";
import type { Purges } from "./purges.ts";
import { packed, unpacked } from "./redis-level.ts";
import { LOOK_UP, PURGE, READ_COUNTER, STORE } from "./redis-scripts.ts";
import type { LookUp, StoredTags } from "./second-level.ts";
import type { TagStore } from "./tag-store.ts";
import { EVERY_TAG } from "./tags.ts";

const ENTRY_PREFIX = "bff3:";
const TAG_PREFIX = "bff-tag:";
const COUNTER = "bff-purges";
const CHANNEL = "bff-purges";
const NAME = "bff-purges-name";
/** Interval between readings of the counter, in milliseconds. */
const POLL_MS = 500;

/**
 * Tagged answers in one server of Redis, and the purges that all of its processes share. Purges of other processes reach
 * `purges` by subscription.
 */
export class RedisTags implements TagStore {
  readonly #client: RedisConnection;
  readonly #subscriber: RedisConnection;
  readonly #prefix: string;
  readonly #purges: Purges;
  readonly #messages: PurgeMessages;
  readonly #failed: (error: Error) => void;
  #timer: NodeJS.Timeout | undefined;
  /** The `run_id` of the connected server; undefined: unknown, so nothing is read or kept. */
  #run: string | undefined;

  /**
   * @param prefix beginning of all keys and channels
   * @param failed called for each failed connection, and each failed command that no caller awaits
   */
  constructor(url: string, purges: Purges, failed: (error: Error) => void = () => {}, prefix = "") {
    this.#prefix = prefix;
    this.#purges = purges;
    this.#messages = new PurgeMessages(purges);
    this.#failed = failed;
    this.#client = connectOne({ url }, failed);
    this.#subscriber = connectOne({ url }, () => {}); // the other connection reports
    this.#client.on("ready", () => void this.#connected());
    for (const event of ["reconnecting", "end"]) this.#client.on(event, () => this.#disconnected());
    this.#subscriber.once("ready", () => void this.#subscribe());
  }
  async get(key: string): Promise<LookUp | undefined> {
    const run = this.#run;
    if (run === undefined) return undefined;
    const reply = await runScript(this.#client, LOOK_UP, this.#keys(ENTRY_PREFIX + key), [
      this.#prefix + TAG_PREFIX,
      run,
    ]);
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
    const values = [this.#prefix + TAG_PREFIX, run, tags.since, String(ms), packed(key, answer, ms), names];
    await runScript(this.#client, STORE, this.#keys(ENTRY_PREFIX + key), values);
  }
  lease(key: string): LeaseKey {
    return { name: leaseName(this.#prefix, this.#prefix + ENTRY_PREFIX + key), commands: this.#client };
  }
  async purge(names: readonly string[]): Promise<void> {
    try {
      const values = [this.#prefix + TAG_PREFIX, this.#prefix + CHANNEL, JSON.stringify(names)];
      await answeredInTime(runScript(this.#client, PURGE, this.#keys(), values));
    } finally {
      this.#purges.purge(names);
    }
  }
  async name(): Promise<string> {
    const set = this.#client.set(this.#prefix + NAME, randomUUID(), { condition: "NX" });
    await answeredInTime(set);
    return String(await answeredInTime(this.#client.get(this.#prefix + NAME)));
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
    } catch (error) {
      this.#failed(error as Error); // without it, tagged answers stay out of Redis
      return;
    }
    void this.#poll();
  }
  #disconnected(): void {
    this.#run = undefined;
    this.#messages.lost();
  }
  async #subscribe(): Promise<void> {
    const receive = (message: unknown) => this.#messages.receive(String(message));
    await this.#subscriber.subscribe(this.#prefix + CHANNEL, receive).catch(this.#failed);
    void this.#poll();
  }
  async #poll(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#poll(), POLL_MS).unref();
    this.#messages.purgeUnconfirmed();
    if (!this.#subscriber.isReady || this.#run === undefined) return;
    const at = performance.now();
    const run = this.#run;
    try {
      const reply = await answeredInTime(runScript(this.#client, READ_COUNTER, this.#keys(), []));
      if (run === this.#run) this.#messages.read(Number(String(reply)), at);
    } catch (error) {
      this.#failed(error as Error);
    }
  }
  #keys(...others: readonly string[]): string[] {
    return [COUNTER, ...others].map((key) => this.#prefix + key);
  }
}

import { randomUUID } from "node:crypto";
import { answeredInTime, type RedisClient, type RedisConnection } from "../redis/connection.ts";
import type { Connect } from "../redis/redis-client.ts";
import { runScript } from "../redis/redis-script.ts";
import { type LeaseKey, leaseName } from "./lease/fetch-wait.ts";
import { PurgeMessages } from "./purge-messages.ts";
import type { Purges } from "./purges.ts";
import { packed, unpacked } from "./redis-level.ts";
import { KEEP_TAGS, PURGE_TAGS, READ_ENTRY, TAG_VALUES } from "./redis-scripts.ts";
import type { LookUp, StoredTags } from "./second-level.ts";
import type { TagStore } from "./tag-store.ts";
import { EVERY_TAG } from "./tags.ts";

const ENTRY_PREFIX = "bff4:";
/** Interval between readings of the counter, in milliseconds. */
const POLL_MS = 500;

/** The part of an entry before its answer. */
interface Head {
  readonly run: string;
  readonly names: readonly string[];
  readonly values: readonly string[];
}

/**
 * Tagged answers in a cluster, or in servers with Sentinels. The values of all tags are in one slot, entries anywhere.
 * An entry has the values that its tags had, and the run of their primary.
 */
export class SlottedTags implements TagStore {
  readonly #redis: RedisClient;
  readonly #purges: Purges;
  readonly #messages: PurgeMessages;
  readonly #failed: (error: Error) => void;
  /** Beginning of the keys in the slot. Prefixes of several servers are in several slots. */
  readonly #slot: string;
  readonly #counter: string;
  #subscriber: { readonly address: string; readonly client: RedisConnection; subscribed: boolean } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #run: string | undefined;

  /** @param failed called for each failed connection, and each failed command that no caller awaits */
  constructor(connect: Connect, purges: Purges, failed: (error: Error) => void = () => {}) {
    this.#failed = failed;
    this.#redis = connect(failed);
    this.#purges = purges;
    this.#messages = new PurgeMessages(purges);
    this.#slot = `${this.#redis.prefix}{${this.#redis.prefix}bff}`;
    this.#counter = `${this.#slot}purges`;
    void this.#poll();
  }
  async get(key: string): Promise<LookUp> {
    const name = this.#redis.prefix + ENTRY_PREFIX + key;
    // The entry before the values: a purge that has ended before is in them.
    const [leftMs, value] = (await runScript(this.#redis.of(name), READ_ENTRY, [name], [])) as unknown[];
    const found = Buffer.isBuffer(value) ? unpacked(value) : undefined;
    const entry = found?.key === key ? split(found.answer) : undefined;
    const [run, last, ...values] = await this.#values(TAG_VALUES, entry?.head.names ?? [], []);
    const counter = `${run} ${last}`;
    if (found === undefined || entry === undefined || typeof leftMs !== "number" || leftMs <= 0) return { counter };
    const { head, answer } = entry;
    if (head.run !== run || head.values.some((value, i) => value !== values[i])) return { counter };
    return { counter, found: { bytes: answer, ageMs: Math.max(0, found.lifeMs - leftMs) } };
  }
  async set(key: string, answer: Uint8Array, lifeMs: number, tags?: StoredTags): Promise<void> {
    if (tags === undefined) return;
    const [run = "", last = ""] = tags.since.split(" ");
    const names = [EVERY_TAG, ...tags.names];
    const values = await this.#values(KEEP_TAGS, names, [run, last]);
    if (values.length !== names.length) return;
    const ms = Math.max(1, Math.round(lifeMs));
    const name = this.#redis.prefix + ENTRY_PREFIX + key;
    const entry = packed(key, joined({ run, names, values }, answer), ms);
    await this.#redis.of(name).set(name, entry, { expiration: { type: "PX", value: ms } });
  }
  lease(key: string): LeaseKey {
    const name = leaseName(this.#redis.prefix, this.#redis.prefix + ENTRY_PREFIX + key);
    return { name, commands: this.#redis.of(name) };
  }
  async purge(names: readonly string[]): Promise<void> {
    try {
      await answeredInTime(this.#values(PURGE_TAGS, names, [this.#channel, JSON.stringify(names)]));
    } finally {
      this.#purges.purge(names);
    }
  }
  async name(): Promise<string> {
    const key = `${this.#slot}name`;
    await answeredInTime(this.#redis.of(key).set(key, randomUUID(), { condition: "NX" }));
    return String(await answeredInTime(this.#redis.of(key).get(key)));
  }
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#redis.destroy();
    this.#subscriber?.client.destroy();
  }

  get #channel(): string {
    return `${this.#redis.prefix}bff-purges`;
  }
  /** Runs a script of the tags' slot. */
  async #values(script: typeof TAG_VALUES, names: readonly string[], args: string[]): Promise<readonly string[]> {
    const keys = [this.#counter, ...names.map((name) => `${this.#slot}tag:${name}`)];
    const reply = await runScript(this.#redis.of(this.#counter), script, keys, args);
    return Array.isArray(reply) ? reply.map(String) : [];
  }
  async #poll(): Promise<void> {
    this.#timer = setTimeout(() => void this.#poll(), POLL_MS).unref();
    this.#messages.purgeUnconfirmed();
    const subscriber = this.#follow();
    if (subscriber?.subscribed !== true || !subscriber.client.isReady) return;
    const at = performance.now();
    const reply = await answeredInTime(this.#values(TAG_VALUES, [], [])).catch(this.#failed);
    const [run, last] = reply ?? [];
    if (run === undefined || subscriber !== this.#subscriber) return;
    if (run !== this.#run) this.#messages.lost();
    this.#run = run;
    this.#messages.read(Number(last), at);
  }
  /** Subscribes at the primary of the tags, which receives a purge first. */
  #follow() {
    const address = this.#redis.primaryOf(this.#counter);
    if (address === undefined || address === this.#subscriber?.address) return this.#subscriber;
    this.#subscriber?.client.destroy();
    const client = this.#redis.connectTo(address);
    const subscriber = { address, client, subscribed: false };
    this.#subscriber = subscriber;
    const receive = (message: unknown) => this.#messages.receive(String(message));
    client.once("ready", () => {
      client.subscribe(this.#channel, receive).then(
        () => {
          subscriber.subscribed = true;
        },
        (error: Error) => {
          this.#failed(error);
          this.#subscriber = undefined; // the next poll tries again
          client.destroy();
        },
      );
    });
    return subscriber;
  }
}

function joined(head: Head, answer: Uint8Array): Buffer {
  const text = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, answer]);
}

/** Returns the parts of a stored value whose checksum is right. */
function split(value: Uint8Array): { readonly head: Head; readonly answer: Uint8Array } {
  const buffer = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const end = 4 + buffer.readUInt32BE(0);
  return { head: JSON.parse(buffer.toString("utf8", 4, end)) as Head, answer: buffer.subarray(end) };
}

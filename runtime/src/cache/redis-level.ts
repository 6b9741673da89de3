import { crc32 } from "node:zlib";
import type { RedisClient } from "../redis/connection.ts";
import type { Connect } from "../redis/redis-client.ts";
import { runScript } from "../redis/redis-script.ts";
import { type LeaseKey, leaseName } from "./lease/fetch-wait.ts";
import { READ_ENTRY } from "./redis-scripts.ts";
import type { Found, SecondLevel } from "./second-level.ts";

const PREFIX = "bff2:";
/**
 * Bytes before a key and an answer: a checksum of the rest (4), its lifetime in milliseconds (8), the key's length (2).
 */
const HEAD_BYTES = 14;
/**
 * Answers in Redis. Their age is derived from the time that Redis still keeps them, so that the clocks of processes
 * need not agree.
 */
export class RedisLevel implements SecondLevel {
  readonly #client: RedisClient;
  readonly #prefix: string;

  /** @param failed called for each failed attempt to connect and each failed connection */
  constructor(connect: Connect, failed: (error: Error) => void = () => {}) {
    this.#client = connect(failed); // a level that is away is a miss
    this.#prefix = this.#client.prefix + PREFIX;
  }
  async get(key: string): Promise<Found | undefined> {
    const name = this.#prefix + key;
    const commands = this.#client.of(name);
    // In this order one that is replaced in between is taken for older than it is, never for younger. (In a transaction the
    // client gives no bytes but text.) In a cluster a redirection may change the order.
    const [leftMs, value] = this.#client.isCluster
      ? ((await runScript(commands, READ_ENTRY, [name], [])) as [number, Buffer | null])
      : await Promise.all([commands.pTTL(name), commands.get(name)]);
    if (!isReply(leftMs, value)) throw this.#outOfStep();
    if (value === null || leftMs <= 0) return undefined;
    const found = unpacked(value);
    if (found === undefined) return undefined;
    if (found.key !== key) throw this.#outOfStep();
    return { bytes: found.answer, ageMs: Math.max(0, found.lifeMs - leftMs) };
  }
  async set(key: string, answer: Uint8Array, lifeMs: number): Promise<void> {
    const ms = Math.max(1, Math.round(lifeMs));
    const name = this.#prefix + key;
    await this.#client.of(name).set(name, packed(key, answer, ms), { expiration: { type: "PX", value: ms } });
  }
  lease(key: string): LeaseKey {
    const name = leaseName(this.#client.prefix, this.#prefix + key);
    return { name, commands: this.#client.of(name) };
  }
  close(): void {
    this.#client.destroy();
  }
  /** Replies and questions do not belong together on this connection, and never would again: so another one. */
  #outOfStep(): Error {
    this.#client.reset();
    return new Error("a reply to another question");
  }
}
/** Reports whether these are possible replies to PTTL and GET, whatever types the client declares. */
const isReply = (leftMs: unknown, value: unknown): boolean =>
  typeof leftMs === "number" && (value === null || Buffer.isBuffer(value));

/** An answer as it is kept: bound to its key, since a reply may come that belongs to another question. */
export function packed(key: string, answer: Uint8Array, lifeMs: number): Buffer {
  const name = Buffer.from(key, "latin1");
  const value = Buffer.allocUnsafe(HEAD_BYTES + name.length + answer.length);
  value.writeDoubleBE(lifeMs, 4);
  value.writeUInt16BE(name.length, 12);
  value.set(name, HEAD_BYTES);
  value.set(answer, HEAD_BYTES + name.length);
  value.writeUInt32BE(crc32(value.subarray(4)), 0);
  return value;
}

/** Returns the packed answer; undefined for any other bytes. */
export function unpacked(
  value: Buffer,
): { readonly key: string; readonly answer: Uint8Array; readonly lifeMs: number } | undefined {
  if (value.length < HEAD_BYTES || crc32(value.subarray(4)) !== value.readUInt32BE(0)) return undefined;
  const at = HEAD_BYTES + value.readUInt16BE(12);
  return { key: value.toString("latin1", HEAD_BYTES, at), answer: value.subarray(at), lifeMs: value.readDoubleBE(4) };
}

import { crc32 } from "node:zlib";
import { createClient, RESP_TYPES } from "@redis/client";
import type { Found, SecondLevel } from "./second-level.ts";

const PREFIX = "bff1:";
/** Before an answer: a checksum of the rest (4 bytes), and how long it was to be kept, in milliseconds (8). */
const HEAD_BYTES = 12;
/** How often an answer is asked for, and after what silence a connection is given up. */
const PING_MS = 1_000;
const SILENT_MS = 5_000;
const CONNECT_MS = 2_000;
/** The waits between attempts to connect. */
const RECONNECT = { firstMs: 50, mostMs: 2_000 };

/**
 * Answers in Redis. Their age is told by what is left of the time that Redis keeps them, so that the clocks of processes need
 * not agree.
 */
export class RedisLevel implements SecondLevel {
  readonly #client: ReturnType<typeof connect>;

  /**
   * @param url `redis[s]://[[username][:password]@]host[:port][/database]`; connects, and again when the connection is lost
   * @param failed hears of each attempt to connect that fails, and of each connection that does
   */
  constructor(url: string, failed: (error: Error) => void = () => {}) {
    this.#client = connect(url, failed);
  }
  async get(key: string): Promise<Found | undefined> {
    // In this order one that is replaced in between is taken for older than it is, never for younger. (In a transaction the
    // client gives no bytes but text.)
    const [leftMs, value] = await Promise.all([this.#client.pTTL(PREFIX + key), this.#client.get(PREFIX + key)]);
    if (value === null || leftMs <= 0) return undefined;
    const bytes = unpacked(value);
    return bytes && { bytes: bytes.answer, ageMs: Math.max(0, bytes.lifeMs - leftMs) };
  }
  async set(key: string, answer: Uint8Array, lifeMs: number): Promise<void> {
    const ms = Math.max(1, Math.round(lifeMs));
    await this.#client.set(PREFIX + key, packed(answer, ms), { expiration: { type: "PX", value: ms } });
  }
  close(): void {
    this.#client.destroy();
  }
}

function connect(url: string, failed: (error: Error) => void) {
  const client = createClient({
    url,
    RESP: 2, // any server speaks it
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
    disableOfflineQueue: true,
    commandsQueueMaxLength: 1_000,
    pingInterval: PING_MS,
    socket: {
      connectTimeout: CONNECT_MS,
      socketTimeout: SILENT_MS,
      reconnectStrategy: (retries) =>
        Math.random() * Math.min(RECONNECT.mostMs, RECONNECT.firstMs * 2 ** Math.min(retries, 16)),
    },
  });
  client.on("error", failed); // a level that is away is a miss
  client.connect().catch(() => {});
  return client;
}

/** An answer as it is kept. */
export function packed(answer: Uint8Array, lifeMs: number): Buffer {
  const value = Buffer.allocUnsafe(HEAD_BYTES + answer.length);
  value.writeDoubleBE(lifeMs, 4);
  value.set(answer, HEAD_BYTES);
  value.writeUInt32BE(crc32(value.subarray(4)), 0);
  return value;
}

/** What was packed; undefined for anything else. */
export function unpacked(value: Buffer): { readonly answer: Uint8Array; readonly lifeMs: number } | undefined {
  if (value.length < HEAD_BYTES || crc32(value.subarray(4)) !== value.readUInt32BE(0)) return undefined;
  return { answer: value.subarray(HEAD_BYTES), lifeMs: value.readDoubleBE(4) };
}

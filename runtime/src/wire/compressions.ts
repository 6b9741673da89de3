import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import type { Compression } from "@connectrpc/connect/protocol";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";

const brotliCompress = promisify(zlib.brotliCompress);
/** As long as gzip takes, and a little smaller. Node's default, the best of all, is for files that are compressed once: 100 kB take 0.6 s. */
const BROTLI = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } };

/** Those that requests and answers may have. */
export const COMPRESSIONS: Compression[] = [
  compressionGzip,
  { ...compressionBrotli, compress: (bytes) => brotliCompress(bytes, BROTLI) },
];

/** Shorter bodies are not worth compressing: Connect's own limit, in bytes. */
export const COMPRESS_FROM = 1024;

/**
 * Work of which only so much is done at the same time; what waits goes on in turns, one of each owner's. All that zlib does at once it does a
 * piece of each at a time: a thousand messages that are decompressed together are all in memory before the first of them is whole.
 */
export class AtOnce {
  readonly #most: number;
  #running = 0;
  readonly #waiting = new Map<object, (() => void)[]>();

  constructor(most: number) {
    this.#most = most;
  }
  /** @param owner whose it is: a connection */
  async run<T>(owner: object, work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#most) this.#running++;
    else await new Promise<void>((begin) => this.#wait(owner, begin));
    try {
      return await work();
    } finally {
      this.#next();
    }
  }
  #wait(owner: object, begin: () => void): void {
    const line = this.#waiting.get(owner);
    if (line === undefined) this.#waiting.set(owner, [begin]);
    else line.push(begin);
  }
  #next(): void {
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#running--;
      return;
    }
    const [owner, line] = first;
    this.#waiting.delete(owner);
    const begin = line.shift();
    if (line.length > 0) this.#waiting.set(owner, line);
    begin?.();
  }
}

/** As many as libuv has threads, and no more than there are processors: what is one too many takes its time from the thread that all else waits for. */
export const ZLIB_AT_ONCE = Math.min(4, availableParallelism());
/** Of the process, as these are. */
const decompressions = new AtOnce(ZLIB_AT_ONCE);
/** Small answers do not wait for large ones: for them it is zlib's own memory that counts, 256 KiB for each. */
const smallCompressions = new AtOnce(ZLIB_AT_ONCE < 4 ? ZLIB_AT_ONCE : 64);
const largeCompressions = new AtOnce(ZLIB_AT_ONCE);
const LARGE_BYTES = 64 << 10;

interface Decompressing {
  /** Of what it becomes. */
  readonly maxBytes: number;
  /** Asked when its turn has come. */
  readonly isWanted: () => boolean;
  /** Until it is to be read nothing else is decompressed in its place: else messages are sooner large than read. */
  readonly toBeRead?: (plain: Uint8Array) => Promise<void>;
}
/**
 * @param owner as of `AtOnce`
 * @throws ConnectError RESOURCE_EXHAUSTED of what becomes longer, INVALID_ARGUMENT of what is no such compression
 * @returns undefined: nobody wants it any more
 */
export function decompress(
  owner: object,
  compression: Compression,
  bytes: Uint8Array,
  { maxBytes, isWanted, toBeRead }: Decompressing,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return decompressions.run(owner, async () => {
    if (!isWanted()) return undefined;
    const plain = await compression.decompress(bytes, maxBytes);
    await toBeRead?.(plain);
    return plain;
  });
}
/**
 * @param owner as of `AtOnce`
 * @param take asked for that many bytes when their turn has come, so that they need not wait there; undefined: nobody wants them any more
 */
export function compress(
  owner: object,
  compression: Compression,
  length: number,
  take: () => Uint8Array | undefined,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const compressions = length > LARGE_BYTES ? largeCompressions : smallCompressions;
  return compressions.run(owner, async () => {
    const bytes = take();
    return bytes && compression.compress(bytes);
  });
}

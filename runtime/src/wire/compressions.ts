import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";

/**
 * Takes as long as gzip, and its result is a little smaller. Node's default, the best quality, is for files that are
 * compressed once: 100 kB take 0.6 s.
 */
const BROTLI = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } };

type Decompress = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Promise<Buffer<ArrayBuffer>>;

/** As connect-node does, which loads the whole of node:http. Zero bytes are an empty message. */
function decompressing(decompress: Decompress): Compression["decompress"] {
  return async (bytes, maxOutputLength) => {
    if (bytes.length === 0) return new Uint8Array(0);
    try {
      return await decompress(bytes, { maxOutputLength });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ERR_BUFFER_TOO_LARGE")
        throw new ConnectError(
          `message is larger than configured readMaxBytes ${maxOutputLength} after decompression`,
          Code.ResourceExhausted,
        );
      throw new ConnectError(
        "decompression failed",
        code === "Z_MEM_ERROR" ? Code.Internal : Code.InvalidArgument,
        undefined,
        undefined,
        error,
      );
    }
  };
}

const gzip = promisify(zlib.gzip);
const brotli = promisify<Uint8Array, zlib.BrotliOptions, Buffer<ArrayBuffer>>(zlib.brotliCompress);

/** Compressions of requests and answers. */
export const COMPRESSIONS: Compression[] = [
  { name: "gzip", compress: (bytes) => gzip(bytes), decompress: decompressing(promisify(zlib.gunzip)) },
  {
    name: "br",
    compress: (bytes) => brotli(bytes, BROTLI),
    decompress: decompressing(promisify(zlib.brotliDecompress)),
  },
];

/** Length in bytes below which a body is not worth compressing: Connect's own limit. */
export const COMPRESS_FROM = 1024;

/**
 * Runs a limited number of jobs at a time. Waiting jobs take turns, one of each owner's. Otherwise zlib would process a
 * piece of each concurrent job at a time. A thousand messages that are decompressed together are all in memory before
 * the first is complete.
 */
export class AtOnce {
  readonly #most: number;
  #running = 0;
  readonly #waiting = new Map<object, (() => void)[]>();

  constructor(most: number) {
    this.#most = most;
  }
  /** @param owner owner of the work: a connection */
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

/**
 * Number of libuv's threads, but at most the number of processors: one job too many takes its time from the main
 * thread.
 */
export const ZLIB_AT_ONCE = Math.min(4, availableParallelism());
/** Shared by the whole process. */
const decompressions = new AtOnce(ZLIB_AT_ONCE);
/** Small answers do not wait for large ones. For small answers only zlib's own memory matters, 256 KiB each. */
const smallCompressions = new AtOnce(ZLIB_AT_ONCE < 4 ? ZLIB_AT_ONCE : 64);
const largeCompressions = new AtOnce(ZLIB_AT_ONCE);
const LARGE_BYTES = 64 << 10;

interface Decompressing {
  /** Maximum decompressed size, in bytes. */
  readonly maxBytes: number;
  /** Called when its turn has come; false ends the work. */
  readonly isAwaited: () => boolean;
  /**
   * Waits until the message may be read. Meanwhile nothing else is decompressed in its place; otherwise messages would
   * be decompressed faster than they are read.
   */
  readonly toBeRead?: (plain: Uint8Array) => Promise<void>;
}
/**
 * Decompresses bytes in turn.
 *
 * @param owner as of `AtOnce`
 * @throws ConnectError RESOURCE_EXHAUSTED if the result is too long, INVALID_ARGUMENT if the bytes have another format
 * @returns undefined if the result is no longer needed
 */
export function decompress(
  owner: object,
  compression: Compression,
  bytes: Uint8Array,
  { maxBytes, isAwaited, toBeRead }: Decompressing,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return decompressions.run(owner, async () => {
    if (!isAwaited()) return undefined;
    const plain = await compression.decompress(bytes, maxBytes);
    await toBeRead?.(plain);
    return plain;
  });
}
/**
 * Compresses bytes in turn.
 *
 * @param owner as of `AtOnce`
 * @param take returns the bytes when their turn has come, so that they need not wait there; undefined if they are no
 * longer needed
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

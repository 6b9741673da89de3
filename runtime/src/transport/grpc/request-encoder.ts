import {
  checkValue,
  copyBytes,
  encodedName,
  fieldName,
  LENGTH_BYTES,
  NO_TABLE,
  trimmed,
  writeText,
} from "../../http2/hpack-writer.ts";
import type { GrpcRequest, GrpcTarget } from "./grpc-session.ts";

/** Indexes of names in the static table. */
const AUTHORITY = 1;
const PATH = 4;
const CONTENT_TYPE = 31;
/** Indexes of whole entries in the static table. */
const METHOD_POST = 0x83;
const SCHEME_HTTP = 0x86;
const SCHEME_HTTPS = 0x87;
const TIMEOUT = encodedName("grpc-timeout");
const ATTEMPTS = encodedName("grpc-previous-rpc-attempts");
const NUMBER_BYTES = 16;
const FIXED_BYTES = 1 + TIMEOUT.length + ATTEMPTS.length + 2 * NUMBER_BYTES;

const CACHED = 1_024;

/** Encodes header blocks of requests to one upstream. Their common parts are copied; nothing is compressed. */
export class RequestEncoder {
  readonly #target: GrpcTarget;
  readonly #prefixes = new Map<string, Buffer>();

  constructor(target: GrpcTarget) {
    this.#target = target;
  }
  /**
   * Returns an upper bound for the size of the block, in bytes.
   *
   * @throws TypeError for headers that HTTP/2 cannot carry
   */
  bound({ path, headers }: GrpcRequest): number {
    let bytes = FIXED_BYTES + this.#prefix(path).length;
    if (headers !== undefined) {
      for (const name in headers) {
        const value = headers[name] as string;
        checkValue(name, value);
        bytes += fieldName(name).length + LENGTH_BYTES + value.length;
      }
    }
    return bytes;
  }
  /**
   * Writes the block of a request into a buffer with room for its `bound`, and returns the end of the block.
   *
   * @param first true if nothing was sent on this connection
   */
  encode(out: Buffer, from: number, request: GrpcRequest, first: boolean): number {
    const { path, timeoutMs, headers, attempt } = request;
    let at = from;
    if (first) out[at++] = NO_TABLE;
    at = copyBytes(out, at, this.#prefix(path));
    if (timeoutMs !== Number.POSITIVE_INFINITY)
      at = writeText(out, copyBytes(out, at, TIMEOUT), grpcTimeout(timeoutMs));
    if (headers !== undefined) {
      for (const name in headers)
        at = writeText(out, copyBytes(out, at, fieldName(name)), trimmed(headers[name] as string));
    }
    if (attempt > 1) at = writeText(out, copyBytes(out, at, ATTEMPTS), String(attempt - 1));
    return at;
  }

  #prefix(path: string): Buffer {
    const known = this.#prefixes.get(path);
    if (known !== undefined) return known;
    const { scheme, authority, prefix } = this.#target;
    const whole = prefix + path;
    if (!/^\/[\x21-\x7e]*$/.test(whole)) throw new TypeError(`no path: ${JSON.stringify(whole)}`);
    const out = Buffer.alloc(authority.length + whole.length + 128);
    let at = 0;
    out[at++] = METHOD_POST;
    out[at++] = scheme === "https" ? SCHEME_HTTPS : SCHEME_HTTP;
    out[at++] = AUTHORITY;
    at = writeText(out, at, authority);
    out[at++] = PATH;
    at = writeText(out, at, whole);
    out[at++] = 15;
    out[at++] = CONTENT_TYPE - 15;
    at = writeText(out, at, "application/grpc+proto");
    at = writeText(out, copyBytes(out, at, encodedName("te")), "trailers");
    const encoded = Buffer.from(out.subarray(0, at));
    if (this.#prefixes.size >= CACHED) this.#prefixes.clear();
    this.#prefixes.set(path, encoded);
    return encoded;
  }
}

/** Returns the value of `grpc-timeout`: at most eight digits and a unit, rounded down. */
export function grpcTimeout(ms: number): string {
  if (ms < 1e8) return `${Math.max(1, Math.floor(ms))}m`;
  return `${Math.min(99_999_999, Math.floor(ms / 1000))}S`;
}

import { type GrpcRequest, type GrpcTarget, grpcTimeout } from "./grpc-session.ts";

/** Numbers of names in the static table. */
const AUTHORITY = 1;
const PATH = 4;
const CONTENT_TYPE = 31;
/** Whole entries of it. */
const METHOD_POST = 0x83;
const SCHEME_HTTP = 0x86;
const SCHEME_HTTPS = 0x87;
/** No dynamic table is used, which has to be said before the first header. */
const NO_TABLE = 0x20;

/** Five bytes hold the length of any text. */
const LENGTH_BYTES = 5;
/** A literal is never to be indexed, by nobody, when it is a secret (RFC 7541, 7.1.3). */
const SECRETS = new Set(["authorization", "proxy-authorization", "cookie"]);
const TIMEOUT = encodedName("grpc-timeout");
const ATTEMPTS = encodedName("grpc-previous-rpc-attempts");
const NUMBER_BYTES = 16;
const FIXED_BYTES = 1 + TIMEOUT.length + ATTEMPTS.length + 2 * NUMBER_BYTES;

const CACHED = 1_024;

/** Makes header blocks of requests to one upstream. What they have in common is copied; nothing is compressed. */
export class RequestEncoder {
  readonly #target: GrpcTarget;
  readonly #prefixes = new Map<string, Buffer>();

  constructor(target: GrpcTarget) {
    this.#target = target;
  }
  /**
   * At most so many bytes are needed.
   *
   * @throws TypeError for headers that HTTP/2 cannot carry
   */
  bound({ path, headers }: GrpcRequest): number {
    let bytes = FIXED_BYTES + this.#prefix(path).length;
    if (headers !== undefined) {
      for (const name in headers) {
        const value = headers[name] as string;
        if (!VALUE.test(value)) throw new TypeError(`a value of ${JSON.stringify(name)} that HTTP/2 cannot carry`);
        bytes += nameOf(name).length + LENGTH_BYTES + value.length;
      }
    }
    return bytes;
  }
  /**
   * Writes the block of a request whose `bound` there is room for, and gives where it ends.
   *
   * @param first nothing has been sent on this connection
   */
  encode(out: Buffer, from: number, request: GrpcRequest, first: boolean): number {
    const { path, timeoutMs, headers, attempt } = request;
    let at = from;
    if (first) out[at++] = NO_TABLE;
    at = copy(out, at, this.#prefix(path));
    if (timeoutMs !== Number.POSITIVE_INFINITY) at = writeText(out, copy(out, at, TIMEOUT), grpcTimeout(timeoutMs));
    if (headers !== undefined) {
      for (const name in headers) at = writeText(out, copy(out, at, nameOf(name)), trimmed(headers[name] as string));
    }
    if (attempt > 1) at = writeText(out, copy(out, at, ATTEMPTS), String(attempt - 1));
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
    at = writeText(out, copy(out, at, encodedName("te")), "trailers");
    const encoded = Buffer.from(out.subarray(0, at));
    if (this.#prefixes.size >= CACHED) this.#prefixes.clear();
    this.#prefixes.set(path, encoded);
    return encoded;
  }
}

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** HTTP/1's, and what only we may say. */
const NOT_SENT = new Set([
  "connection",
  "proxy-connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
  "te",
  "host",
]);
const names = new Map<string, Buffer>();
/** @throws TypeError for one that HTTP/2 cannot carry */
function nameOf(name: string): Buffer {
  const known = names.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  if (!NAME.test(name) || NOT_SENT.has(lower)) {
    throw new TypeError(`the header ${JSON.stringify(name)}, which HTTP/2 cannot carry`);
  }
  const encoded = encodedName(lower);
  if (names.size >= CACHED) names.clear();
  names.set(name, encoded);
  return encoded;
}

function encodedName(name: string): Buffer {
  const out = Buffer.alloc(1 + LENGTH_BYTES + name.length);
  out[0] = SECRETS.has(name) ? 0x10 : 0x00;
  return out.subarray(0, writeText(out, 1, name));
}
/** HTTP/2 has no values with space around them (RFC 9113, 8.2.1), and to gRPC it says nothing. */
function trimmed(value: string): string {
  return value.charCodeAt(0) <= SPACE || value.charCodeAt(value.length - 1) <= SPACE ? value.trim() : value;
}
const SPACE = 0x20;
function copy(out: Buffer, at: number, bytes: Buffer): number {
  out.set(bytes, at);
  return at + bytes.length;
}
/** Characters below 256. */
function writeText(out: Buffer, from: number, text: string): number {
  let at = from;
  let length = text.length;
  if (length < 127) out[at++] = length;
  else {
    out[at++] = 127;
    for (length -= 127; length >= 128; length >>>= 7) out[at++] = (length & 127) | 128;
    out[at++] = length;
  }
  if (text.length > 24) return at + out.write(text, at, "latin1");
  for (let i = 0; i < text.length; i++) out[at++] = text.charCodeAt(i); // cheaper than the way out of JavaScript
  return at;
}

import type { DynamicTable } from "./dynamic-table.ts";
import { isAuthority, isContentLength, isFieldName, isFieldValue } from "./field-rules.ts";
import { decodeHeaderBlock } from "./hpack-decoder.ts";

/** Bytes that RFC 9113, 10.5.1 adds to the name and value of a header. */
const FIELD_BYTES = 32;

/**
 * Headers as in node: several values of a name are joined, or only the first is kept; those of `set-cookie` are a list.
 * It has no names of a prototype.
 */
export class RequestFields {
  [name: string]: string | string[] | undefined;
}
Object.setPrototypeOf(RequestFields.prototype, null);
Reflect.deleteProperty(RequestFields.prototype, "constructor");

/** Bounds of the headers of one request. */
export interface HeaderLimits {
  /** Maximum size of all names and values, by HTTP/2's count (32 more for each), in bytes. */
  readonly bytes: number;
  readonly count: number;
}

/** The headers of a request, or its trailers. */
interface RequestBlock {
  /** Headers as received: names and values in turn. */
  readonly raw: readonly string[];
  readonly headers: RequestFields;
  readonly contentLength: number | undefined;
  /** Size by HTTP/2's count, in bytes. */
  readonly bytes: number;
  /** There is more than the limits allow, which has not been read. */
  readonly tooLarge: boolean;
  /** Reason why it is no header block of a request (RFC 9113, 8.2 and 8.3). */
  readonly malformed: string | undefined;
}

/** Headers of which node keeps only the first value. */
const SINGLE = new Set(
  (
    "access-control-allow-credentials access-control-max-age access-control-request-method age authorization " +
    "content-encoding content-language content-location content-md5 content-range content-type date dnt etag expires " +
    "from if-match if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards " +
    "proxy-authorization range referer retry-after tk upgrade-insecure-requests user-agent x-content-type-options"
  ).split(" "),
);
const PSEUDO = new Set([":method", ":scheme", ":path", ":authority"]);

/**
 * @param trailers whether it is behind a body
 * @throws ConnectionError for what is no header block
 */
export function readRequestBlock(
  data: Uint8Array,
  from: number,
  to: number,
  {
    limits,
    table,
    trailers,
  }: { readonly limits: HeaderLimits; readonly table?: DynamicTable | undefined; readonly trailers: boolean },
): RequestBlock {
  const raw: string[] = [];
  const headers = new RequestFields();
  let malformed: string | undefined;
  let bytes = 0;
  let tooLarge = false;
  let regular = false;
  decodeHeaderBlock(
    data,
    from,
    to,
    (name, value) => {
      bytes += name.length + value.length + FIELD_BYTES;
      tooLarge = bytes > limits.bytes || raw.length >= 2 * limits.count;
      if (tooLarge) return false;
      raw.push(name, value);
      if (name.charCodeAt(0) === COLON) {
        if (trailers || regular || !PSEUDO.has(name) || headers[name] !== undefined || !isFieldValue(value))
          malformed ??= wrong(name);
        else headers[name] = value;
        return true;
      }
      regular = true;
      if (!isFieldName(name) || !isFieldValue(value) || !add(headers, name, value)) malformed ??= wrong(name);
      return true;
    },
    table,
  );
  if (!trailers) malformed ??= wrongRequest(headers);
  const length = headers["content-length"];
  const contentLength = length === undefined ? undefined : Number(length);
  return { raw, headers, contentLength, bytes, tooLarge, malformed };
}
const COLON = 0x3a;
const wrong = (name: string): string => `a wrong header ${JSON.stringify(name)}`;

/** @returns false: it must not be there, or not twice */
function add(headers: RequestFields, name: string, value: string): boolean {
  const before = headers[name];
  if (name === "content-length") {
    headers[name] = value;
    return before === undefined && isContentLength(value);
  }
  if (name === "te") {
    headers[name] = value;
    return value === "trailers";
  }
  if (name === "set-cookie") {
    if (Array.isArray(before)) before.push(value);
    else headers[name] = [value];
    return true;
  }
  if (before === undefined) headers[name] = value;
  else if (name === "host") return false;
  else if (!SINGLE.has(name)) headers[name] = `${String(before)}${name === "cookie" ? "; " : ", "}${value}`;
  return true;
}

const PATH = /^\/[\x21-\x7e\x80-\xff]*$/;
const SCHEME = /^[a-z][a-z0-9+\-.]*$/i;
/** RFC 9113, 8.3.1. */
function wrongRequest(headers: RequestFields): string | undefined {
  const { ":method": method, ":scheme": scheme, ":path": path, ":authority": authority, host } = headers;
  if (method !== "POST" && (typeof method !== "string" || !isFieldName(method.toLowerCase()))) return wrong(":method");
  if (authority !== undefined && !isAuthority(String(authority))) return wrong(":authority");
  if (host !== undefined && !isAuthority(String(host))) return wrong("host");
  if (host !== undefined && authority !== undefined && String(host).toLowerCase() !== String(authority).toLowerCase())
    return wrong("host");
  if (method === "CONNECT") {
    if (authority === undefined || authority === "") return wrong(":authority");
    return scheme === undefined && path === undefined ? undefined : wrong(":path");
  }
  if (scheme !== "http" && scheme !== "https" && !SCHEME.test(String(scheme ?? ""))) return wrong(":scheme");
  if (!PATH.test(String(path ?? "")) && !(path === "*" && method === "OPTIONS")) return wrong(":path");
  return undefined;
}

const KNOWN = 256;
const KNOWN_BYTES = 1_024;
/** Number of consecutive misses after which the cache is bypassed for a while. */
const MISSES = 32;
const PAUSE = 512;

/**
 * Cache of blocks from all connections without a dynamic table, where the same bytes always decode to the same headers.
 */
export type KnownRequests = Map<string, RequestBlock>;

/** Reads the blocks of one connection. */
export class RequestBlocks {
  readonly #known: KnownRequests;
  readonly #limits: HeaderLimits;
  /** The dynamic table, until the other end has set its size to 0. */
  #table: DynamicTable | undefined;
  #misses = 0;

  constructor(known: KnownRequests, limits: HeaderLimits, table: DynamicTable) {
    this.#known = known;
    this.#limits = limits;
    this.#table = table;
  }
  /** The other end has acknowledged that there must be no dynamic table. */
  settled(): void {
    this.#table?.close();
  }
  /** True if an unread block does not affect other blocks. */
  get standAlone(): boolean {
    return this.#table === undefined;
  }
  /** @throws ConnectionError for what is no header block */
  trailers(data: Buffer, from: number, to: number): RequestBlock {
    return readRequestBlock(data, from, to, { limits: this.#limits, table: this.#table, trailers: true });
  }
  /**
   * @returns a block whose headers are a fresh object
   * @throws ConnectionError for a malformed header block
   */
  request(data: Buffer, from: number, to: number): RequestBlock {
    if (this.#table?.isClosed === true) this.#table = undefined;
    const how = { limits: this.#limits, table: this.#table, trailers: false };
    if (this.#table !== undefined || to - from > KNOWN_BYTES || this.#misses > MISSES) {
      if (this.#misses > MISSES && ++this.#misses > PAUSE) this.#misses = 0;
      return readRequestBlock(data, from, to, how);
    }
    const bytes = data.toString("latin1", from, to);
    const known = this.#known.get(bytes);
    if (known !== undefined) {
      this.#misses = 0;
      return { ...known, headers: Object.assign(new RequestFields(), known.headers) };
    }
    this.#misses++;
    const block = readRequestBlock(data, from, to, how);
    if (this.#known.size >= KNOWN) this.#known.clear();
    this.#known.set(bytes, { ...block, headers: Object.assign(new RequestFields(), block.headers) });
    return block;
  }
}

import type { HeaderFields } from "./connection.ts";
import { isContentLength, isFieldName } from "./field-rules.ts";
import { decodeHeaderBlock } from "./hpack-decoder.ts";

/** Maximum size of all names and values, by HTTP/2's count (32 more for each), in bytes. */
export const HEADER_BYTES = 64 << 10;
const HEADER_COUNT = 256;

/** The headers or the trailers of a response, as they came. */
interface HeaderBlock {
  /** `:status`, which only headers have. */
  readonly status: number | undefined;
  readonly headers: HeaderFields;
  readonly contentLength: number | undefined;
  /** Reason why it is too large, or no header block of a response (RFC 9113, 8.2 and 8.3). */
  readonly malformed: string | undefined;
}

const NO_VALUE = /[\0\r\n]/;

/** @throws ConnectionError for what is no header block */
export function readHeaderBlock(data: Uint8Array, from: number, to: number): HeaderBlock {
  const headers: Record<string, string | string[]> = Object.create(null);
  let status: number | undefined;
  let malformed: string | undefined;
  let bytes = 0;
  let count = 0;
  let regular = false;
  decodeHeaderBlock(data, from, to, (name, value) => {
    bytes += name.length + value.length + 32;
    if (bytes > HEADER_BYTES || ++count > HEADER_COUNT) {
      malformed = "too large headers";
      return false;
    }
    if (name.startsWith(":")) {
      if (name !== ":status" || regular || status !== undefined || !/^[1-9]\d\d$/.test(value)) {
        malformed ??= `a wrong header ${JSON.stringify(name)}`;
      } else status = Number(value);
      return true;
    }
    regular = true;
    if (!isFieldName(name) || NO_VALUE.test(value)) {
      malformed ??= `a wrong header ${JSON.stringify(name)}`;
      return true;
    }
    const before = headers[name];
    if (before === undefined) headers[name] = name === "set-cookie" ? [value] : value;
    else if (typeof before === "string") headers[name] = `${before}, ${value}`;
    else before.push(value);
    return true;
  });
  const { "content-length": length } = headers;
  if (length !== undefined && !isContentLength(String(length))) malformed ??= 'a wrong header "content-length"';
  const contentLength = length === undefined ? undefined : Number(length);
  return { status, headers: Object.freeze(headers), contentLength, malformed };
}

const KNOWN = 128;
const KNOWN_BYTES = 512;

/**
 * Caches blocks by their bytes. Without a dynamic table the same bytes always decode to the same headers. Most answers
 * of a method begin and end like all others.
 */
export class KnownBlocks {
  readonly #known = new Map<string, HeaderBlock>();

  /** @throws ConnectionError for what is no header block */
  read(data: Buffer, from: number, to: number): HeaderBlock {
    if (to - from > KNOWN_BYTES) return readHeaderBlock(data, from, to);
    const bytes = data.toString("latin1", from, to);
    const known = this.#known.get(bytes);
    if (known !== undefined) return known;
    const block = readHeaderBlock(data, from, to);
    if (this.#known.size >= KNOWN) this.#known.clear();
    this.#known.set(bytes, block);
    return block;
  }
}

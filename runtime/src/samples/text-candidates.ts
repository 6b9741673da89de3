// Texts within their rules. Bytes are texts of characters below 256 here.
import { ScalarType } from "@bufbuild/protobuf";
import type { Candidates } from "./candidates.ts";
import { matcherOf, textFor } from "./pattern-text.ts";
import type { ValueRules, WireRules } from "./wire-rules.ts";

/** The i-th of a format, from 1 on. */
type Format = (i: number) => string;

const hex = (i: number): string => i.toString(16);
/**
 * Formats by their fields in StringRules. Addresses and names are reserved for documentation (RFC 2606, 3849, 5737).
 */
const FORMATS: Readonly<Record<number, Format>> = {
  12: (i) => `user-${i}@example.com`, // email
  13: (i) => `host-${i}.example.com`, // hostname
  14: (i) => `192.0.2.${i}`, // ip
  15: (i) => `192.0.2.${i}`, // ipv4
  16: (i) => `2001:db8::${hex(i)}`, // ipv6
  17: (i) => `https://example.com/${i}`, // uri
  18: (i) => `/${i}`, // uri_ref
  21: (i) => `host-${i}.example.com`, // address
  22: (i) => `00000000-0000-4000-8000-${hex(i).padStart(12, "0")}`, // uuid
  26: (i) => `192.0.2.${i}/24`, // ip_with_prefixlen
  27: (i) => `192.0.2.${i}/24`, // ipv4_with_prefixlen
  28: (i) => `2001:db8::${hex(i)}/64`, // ipv6_with_prefixlen
  29: (i) => `10.${i}.0.0/16`, // ip_prefix
  30: (i) => `10.${i}.0.0/16`, // ipv4_prefix
  31: (i) => `2001:db8:${hex(i)}::/48`, // ipv6_prefix
  32: (i) => `host-${i}.example.com:8080`, // host_and_port
  33: (i) => `00000000000040008000${hex(i).padStart(12, "0")}`, // tuuid
  35: (i) => String(i).padStart(26, "0"), // ulid
  37: (i) => `example.v1.Name${i}`, // protobuf_fqn
  38: (i) => `.example.v1.Name${i}`, // protobuf_dot_fqn
};
const V4: Format = (i) => String.fromCharCode(192, 0, 2, i);
const V6: Format = (i) => String.fromCharCode(0x20, 0x01, 0x0d, 0xb8, ...Array<number>(11).fill(0), i);
const UUID: Format = (i) => String.fromCharCode(0, 0, 0, 0, 0, 0, 0x40, 0, 0x80, ...Array<number>(6).fill(0), i);
/** Formats by their fields in BytesRules. */
const BYTES_FORMATS: Readonly<Record<number, Format>> = { 10: V4, 11: V4, 12: V6, 15: UUID };

/** Shorter texts, for tight bounds. */
const SHORT: Readonly<Record<number, readonly string[]>> = {
  12: ["a@b.co", "a@b"],
  13: ["a.co", "a"],
  14: ["::1"],
  16: ["::1", "::"],
  17: ["a:b", "a:"],
  18: ["/", ""],
  21: ["a.co", "::1", "a"],
  26: ["::/0"],
  28: ["::/0"],
  29: ["::/0"],
  31: ["::/0"],
  32: ["a:1"],
  37: ["a"],
  38: [".a"],
};

/** Field numbers in StringRules and BytesRules, by the meaning of the rules. */
interface Numbers {
  readonly const: number;
  readonly len: number;
  readonly min: number;
  readonly max: number;
  readonly lenBytes?: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
  readonly pattern: number;
  readonly prefix: number;
  readonly suffix: number;
  readonly contains: number;
  readonly notContains?: number;
  readonly in: number;
  readonly notIn: number;
  readonly example: number;
  readonly formats: Readonly<Record<number, Format>>;
}
const STRING: Numbers = {
  const: 1,
  len: 19,
  min: 2,
  max: 3,
  lenBytes: 20,
  minBytes: 4,
  maxBytes: 5,
  pattern: 6,
  prefix: 7,
  suffix: 8,
  contains: 9,
  notContains: 23,
  in: 10,
  notIn: 11,
  example: 34,
  formats: FORMATS,
};
const BYTES: Numbers = {
  const: 1,
  len: 13,
  min: 2,
  max: 3,
  pattern: 4,
  prefix: 5,
  suffix: 6,
  contains: 7,
  in: 8,
  notIn: 9,
  example: 14,
  formats: BYTES_FORMATS,
};
/** Longer ones than that are left ordinary. */
const LONGEST = 10_000;
/** Number of candidates of one form. */
const TRIED = 150;

/** Returns candidates for a string; `bytes`: for bytes, as characters below 256. */
export function texts(name: string, rules: ValueRules, kind: "string" | "bytes", nonzero: boolean): Candidates<string> {
  const textRules = new TextRules(rules.kindRules, kind, nonzero);
  return {
    ordinary: `${name}-1`,
    values: textRules.values(name),
    keeps: textRules.keeps,
    more: rules.more || textRules.more,
  };
}

const latin = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Undefined: it is no text. */
function decodedOf(bytes: Uint8Array): string | undefined {
  try {
    return fromUtf8.decode(bytes);
  } catch {
    return undefined;
  }
}

class TextRules {
  readonly #bytes: boolean;
  readonly #nonzero: boolean;
  readonly #const: string | undefined;
  readonly #in: readonly string[];
  readonly #notIn: readonly string[];
  readonly #examples: readonly string[];
  readonly #least: number;
  readonly #most: number;
  readonly #leastBytes: number;
  readonly #mostBytes: number;
  readonly #parts: { readonly prefix: string; readonly contains: string; readonly suffix: string };
  readonly #notContains: string | undefined;
  readonly #pattern: string | undefined;
  readonly #matches: ((text: string) => boolean) | undefined;
  readonly #format: number | undefined;
  readonly #formats: Numbers["formats"];
  readonly more: boolean;

  constructor(wireRules: WireRules | undefined, kind: "string" | "bytes", nonzero: boolean) {
    const no = kind === "string" ? STRING : BYTES;
    this.#bytes = kind === "bytes";
    this.#nonzero = nonzero;
    const all = (of: number | undefined): readonly string[] => this.#all(wireRules, of);
    const count = (of: number | undefined): number | undefined => (of === undefined ? undefined : wireRules?.count(of));
    this.#const = all(no.const).at(-1);
    this.#in = all(no.in);
    this.#notIn = all(no.notIn);
    this.#examples = all(no.example);
    const len = count(no.len);
    const lenBytes = count(no.lenBytes);
    this.#least = Math.max(len ?? 0, count(no.min) ?? 0);
    this.#most = Math.min(len ?? Number.POSITIVE_INFINITY, count(no.max) ?? Number.POSITIVE_INFINITY);
    this.#leastBytes = Math.max(lenBytes ?? 0, count(no.minBytes) ?? 0);
    this.#mostBytes = Math.min(lenBytes ?? Number.POSITIVE_INFINITY, count(no.maxBytes) ?? Number.POSITIVE_INFINITY);
    const part = (of: number): string => all(of).at(-1) ?? "";
    this.#parts = { prefix: part(no.prefix), contains: part(no.contains), suffix: part(no.suffix) };
    this.#notContains = all(no.notContains).at(-1);
    const [pattern] = wireRules?.all(no.pattern, ScalarType.STRING) ?? [];
    this.#pattern = typeof pattern === "string" ? pattern : undefined;
    this.#matches = this.#pattern === undefined ? undefined : matcherOf(this.#pattern);
    this.#formats = no.formats;
    this.#format = Object.keys(no.formats)
      .map(Number)
      .find((of) => wireRules?.flag(of));
    const known = new Set<unknown>([...Object.values(no), ...Object.keys(no.formats).map(Number)]);
    const unknown = wireRules?.numbers.some((of) => !known.has(of)) ?? false;
    this.more = unknown || (this.#pattern !== undefined && this.#matches === undefined);
  }
  #all(wireRules: WireRules | undefined, no: number | undefined): readonly string[] {
    if (wireRules === undefined || no === undefined) return [];
    return wireRules
      .all(no, this.#bytes ? ScalarType.BYTES : ScalarType.STRING)
      .map((item) => (item instanceof Uint8Array ? latin(item) : item))
      .filter((item) => typeof item === "string");
  }

  readonly keeps = (text: string): boolean => {
    const { prefix, contains, suffix } = this.#parts;
    const characters = [...text].length;
    const bytes = this.#bytes ? text.length : utf8.encode(text).length;
    return (
      !(this.#nonzero && text === "") &&
      (this.#const === undefined || text === this.#const) &&
      (this.#in.length === 0 || this.#in.includes(text)) &&
      !this.#notIn.includes(text) &&
      characters >= this.#least &&
      characters <= this.#most &&
      bytes >= this.#leastBytes &&
      bytes <= this.#mostBytes &&
      text.startsWith(prefix) &&
      text.endsWith(suffix) &&
      text.includes(contains) &&
      (this.#notContains === undefined || !text.includes(this.#notContains)) &&
      (this.#matches === undefined || this.#isMatched(text, this.#matches)) &&
      (this.#format === undefined || this.#isOfFormat(text))
    );
  };
  /** Bytes are matched as the text that they are in UTF-8. */
  #isMatched(text: string, matches: (text: string) => boolean): boolean {
    if (!this.#bytes) return matches(text);
    const decoded = decodedOf(Uint8Array.from(text, (item) => item.charCodeAt(0)));
    return decoded !== undefined && matches(decoded);
  }
  /** A text is known to have a format only if it was made for that format. */
  #isOfFormat(text: string): boolean {
    const format = this.#formats[this.#format ?? 0];
    return (
      format !== undefined &&
      (Array.from({ length: TRIED }, (_, i) => format(i + 1)).includes(text) ||
        (!this.#bytes && SHORT[this.#format ?? 0]?.includes(text) === true))
    );
  }

  *values(name: string): Iterable<string> {
    if (this.#const !== undefined) yield this.#const;
    yield* this.#examples;
    yield* this.#in;
    const format = this.#formats[this.#format ?? 0];
    if (format !== undefined) {
      for (let i = 1; i <= TRIED; i++) yield format(i);
      if (!this.#bytes) yield* SHORT[this.#format ?? 0] ?? [];
      return;
    }
    for (let i = 1; i <= TRIED; i++) yield this.#fitted(`${name}-${i}`);
    for (const core of ["a", "A", "1"]) for (let i = 1; i <= TRIED; i++) yield this.#fitted(`${core}${i}`);
    if (this.#pattern !== undefined) yield* this.#matching(this.#pattern);
    yield this.#fitted("");
    yield this.#parts.contains;
    yield this.#parts.prefix;
    yield this.#parts.suffix;
  }
  *#matching(pattern: string): Iterable<string> {
    const most = Math.min(this.#most, this.#mostBytes);
    const least = Math.max(this.#least, this.#leastBytes);
    for (let length = least; length <= Math.min(most, least + 5); length++) {
      const found = textFor(pattern, length);
      if (found === undefined) continue;
      const text = this.#bytes ? latin(utf8.encode(found)) : found;
      yield text;
      yield this.#fitted(text);
    }
  }
  /**
   * Returns the text with its required prefix and suffix, within its length bounds. The end of the text makes it
   * distinct.
   */
  #fitted(core: string): string {
    const { prefix, contains, suffix } = this.#parts;
    const least = Math.max(this.#least, this.#leastBytes);
    const most = Math.min(this.#most, this.#mostBytes);
    if (least > LONGEST) return core;
    const around = [...prefix].length + [...contains].length + [...suffix].length;
    const cut = [...core].slice(Math.max(0, [...core].length + around - most)).join("");
    const missing = Math.max(0, least - around - [...cut].length);
    return `${prefix}${"a".repeat(missing)}${cut}${contains}${suffix}`;
  }
}

// Values as CBOR (RFC 8949) in one buffer that grows: without a text and an object for each value, captures of all
// requests take a seventh of the time.

/** Major types of RFC 8949, section 3.1. */
const UNSIGNED = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const UNDEFINED = 0xf7;
const SIMPLE: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  [false, 0xf4],
  [true, 0xf5],
  [null, 0xf6],
]);
const FLOAT = 0xfb;
const BYTES_OF_4 = 0x5a;
const MEMBERS = 0xbf;
const END = 0xff;
/** Length of the head of an item, at most. */
const HEAD_BYTES = 9;
/** Texts up to this length are written without a call into C++. */
const SHORT_TEXT = 32;

/**
 * Writes values one after the other (a CBOR sequence, RFC 8742).
 *
 * @example
 * const writer = new CborWriter(new Map([["kind", 0]]));
 * writer.value({ kind: "reply" }); // writer.written: bf 00 65 "reply" ff
 */
export class CborWriter {
  readonly #words: ReadonlyMap<string, number>;
  #buffer: Buffer;
  #length = 0;

  /** @param words names of members that are written as numbers */
  constructor(words: ReadonlyMap<string, number>, bytes = 64 << 10) {
    this.#words = words;
    this.#buffer = Buffer.allocUnsafeSlow(bytes);
  }
  get length(): number {
    return this.#length;
  }
  /** Removes what was written after this length. */
  cut(length: number): void {
    this.#length = length;
  }
  /** The bytes that were written. They change when others are. */
  get written(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Writes a value of JSON, bytes, or undefined. Members that are undefined are left out. */
  value(value: unknown): void {
    if (typeof value === "number") this.number(value);
    else if (typeof value === "string") this.#text(value);
    else if (value instanceof Uint8Array) this.bytes(value);
    else if (Array.isArray(value)) this.list(value);
    else if (typeof value === "object" && value !== null) this.#members(value);
    else this.#byte(SIMPLE.get(value) ?? UNDEFINED);
  }
  number(value: number): void {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      this.#byte(FLOAT);
      this.#length = this.#buffer.writeDoubleBE(value, this.#length);
    } else if (value >= 0) this.#head(UNSIGNED, value);
    else this.#head(NEGATIVE, -1 - value);
  }
  list(items: readonly unknown[]): void {
    this.array(items.length);
    for (const item of items) this.value(item);
  }
  /** Begins a list. */
  array(items: number): void {
    this.#head(ARRAY, items);
  }
  bytes(bytes: Uint8Array): void {
    this.#head(BYTES, bytes.length);
    this.encoded(bytes);
  }
  /** Writes bytes as they are. */
  encoded(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }
  /** Writes bytes that are themselves CBOR. */
  wrapped(write: () => void): void {
    this.#byte(BYTES_OF_4);
    const at = this.#length;
    this.#length += 4;
    write();
    this.#buffer.writeUInt32BE(this.#length - at - 4, at);
  }
  #members(of: object): void {
    this.begin();
    for (const name in of) this.member(name, Reflect.get(of, name));
    this.end();
  }
  /** Begins an object: members follow, and `end`. */
  begin(): void {
    this.#byte(MEMBERS);
  }
  end(): void {
    this.#byte(END);
  }
  /** Writes a member of an object. One that is undefined is left out. */
  member(name: string, value: unknown): void {
    if (value === undefined) return;
    this.name(name);
    this.value(value);
  }
  /** Writes the name of a member: its value follows. */
  name(name: string): void {
    const word = this.#words.get(name);
    if (word === undefined) this.#text(name);
    else this.#head(UNSIGNED, word);
  }
  #text(text: string): void {
    const { length } = text;
    if (length > SHORT_TEXT || !this.#ascii(text)) {
      const bytes = Buffer.byteLength(text);
      this.#head(TEXT, bytes);
      this.#room(bytes);
      this.#length += this.#buffer.write(text, this.#length);
    }
  }
  /** Returns false, and writes nothing, if the text has other characters. */
  #ascii(text: string): boolean {
    const begin = this.#length;
    this.#head(TEXT, text.length);
    this.#room(text.length);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.#length = begin;
        return false;
      }
      this.#buffer[this.#length++] = code;
    }
    return true;
  }
  #byte(byte: number): void {
    this.#room(HEAD_BYTES);
    this.#buffer[this.#length++] = byte;
  }
  /** Writes a major type with its argument, in the fewest bytes. */
  #head(major: number, argument: number): void {
    this.#room(HEAD_BYTES);
    const buffer = this.#buffer;
    const type = major << 5;
    if (argument < 24) buffer[this.#length++] = type | argument;
    else if (argument < 0x100) {
      buffer[this.#length++] = type | 24;
      buffer[this.#length++] = argument;
    } else if (argument < 0x1_0000) {
      buffer[this.#length++] = type | 25;
      this.#length = buffer.writeUInt16BE(argument, this.#length);
    } else if (argument < 0x1_0000_0000) {
      buffer[this.#length++] = type | 26;
      this.#length = buffer.writeUInt32BE(argument, this.#length);
    } else {
      buffer[this.#length++] = type | 27;
      this.#length = buffer.writeUInt32BE(Math.floor(argument / 0x1_0000_0000), this.#length);
      this.#length = buffer.writeUInt32BE(argument % 0x1_0000_0000, this.#length);
    }
  }
  #room(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}

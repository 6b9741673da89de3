// Reads the messages of generated codecs, with the decisions of Go's protobuf. It fails at invalid and at unusual input.
// `readMessage` then reads the whole message again by its descriptor. Unusual input is:
// - a duplicate field that would be merged
// - a value that its own type forbids
// - an entry of a map with more than a key and a value, or with the key `__proto__` or `$typeName`
import { isUtf8 } from "node:buffer";
import { create, type DescMessage, type Message, type MessageShape, type UnknownField } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { engineBuffer } from "../engine-buffer.ts";
import { AsciiTexts } from "./ascii-texts.ts";
import { FALLBACK, NOT_UTF8 } from "./fallback.ts";
import { faultOfRead, faultOfValue, holdsChecked } from "./forbidden-values.ts";
import { opaqueMessage } from "./opaque-message.ts";
import { readFields } from "./read-fields.ts";
import { MAX_DEPTH, skipField, skipFields, skipOther } from "./skip.ts";
import { asciiEnd, EIGHTS_BYTES, releaseText } from "./utf8-check.ts";

/** Length in bytes above which a text is decoded separately. */
const LONG_BYTES = 512;
/** Maximum tenth byte of a varint: the 64th bit. */
const MAX_TENTH_BYTE = 1;
const NO_BYTES = engineBuffer(new Uint8Array());

/**
 * Reads one message after the other, field by field, for generated codecs; see `decoder`.
 *
 * @example
 * const message = { id: "" };
 * while (r.more()) {
 *   const tag = r.tag();
 *   if (tag === 10) message.id = r.string();
 *   else r.skip(tag, RunSchema);
 * }
 */
export class Reader {
  #bytes: Uint8Array = NO_BYTES;
  #buffer = NO_BYTES;
  #at = 0;
  #end = 0;
  #depth = 0;
  /** True if the message shares a part of the bytes. */
  kept = false;
  readonly #ascii = new AsciiTexts(NO_BYTES);

  start(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#buffer = engineBuffer(bytes);
    this.#ascii.start(this.#buffer);
    this.#at = 0;
    this.#end = bytes.length;
    this.#depth = 1;
    this.kept = false;
  }
  /** Fails unless everything has been read. */
  finish(): void {
    if (this.#at !== this.#end) throw FALLBACK;
  }
  /** Lets go of the bytes. */
  release(): void {
    this.#bytes = NO_BYTES;
    this.#buffer = NO_BYTES;
    this.#ascii.start(NO_BYTES);
    releaseText();
  }
  more(): boolean {
    return this.#at < this.#end;
  }
  /** Index of the next byte. */
  get at(): number {
    return this.#at;
  }
  /** Field number and wire type: `number << 3 | type`. */
  tag(): number {
    return this.#size();
  }
  /** Falls back at a second occurrence of a field, because that would be merged. */
  once(first: boolean): void {
    if (!first) throw FALLBACK;
  }
  /** Starts a message. Returns the argument of `leave`. */
  enter(): number {
    this.deeper();
    return this.open();
  }
  leave(outer: number): void {
    this.close(outer);
    this.#depth--;
  }
  /** Starts a packed list, or an entry of a map, which are not deeper. Returns the argument of `close`. */
  open(): number {
    const length = this.#size();
    const outer = this.#end;
    const end = this.#at + length;
    if (end > outer) throw FALLBACK;
    this.#end = end;
    return outer;
  }
  close(outer: number): void {
    if (this.#at !== this.#end) throw FALLBACK;
    this.#end = outer;
  }
  /** Starts a group, which has no length. */
  deeper(): void {
    if (this.#depth >= MAX_DEPTH) throw FALLBACK;
    this.#depth++;
  }
  higher(): void {
    this.#depth--;
  }
  message<T>(read: (r: Reader) => T): T {
    const outer = this.enter();
    const message = read(this);
    this.leave(outer);
    return message;
  }
  /** Reads a message without a generated codec. */
  other<Desc extends DescMessage>(schema: Desc): MessageShape<Desc> {
    const message = create(schema);
    const outer = this.enter();
    // Checks the values inside, which `readFields` does not.
    if (holdsChecked(schema)) skipFields(this.#buffer, this.#at, this.#end, schema, this.#depth);
    readFields(this, schema, message);
    this.leave(outer);
    if (faultOfValue(schema, message) !== undefined) throw FALLBACK;
    return message;
  }
  /** Returns a message whose type forbids some values. Falls back for those, because other readers decide on them. */
  allowed<M extends Message>(message: M): M {
    if (faultOfRead(message) !== undefined) throw FALLBACK;
    return message;
  }
  /** A message that is passed on as it is. */
  passed<M extends Message>(schema: GenMessage<M>): M {
    const outer = this.enter();
    const message = this.rest(schema);
    this.leave(outer);
    return message;
  }
  /** The same for all bytes that are left. */
  rest<M extends Message>(schema: GenMessage<M>): M {
    const from = this.#at;
    skipFields(this.#buffer, from, this.#end, schema, this.#depth);
    this.#at = this.#end;
    return opaqueMessage(schema, this.#part(from, this.#at), readMessage) as M;
  }
  /** Keeps a field that the message does not declare with this wire type. */
  unknown(tag: number, _schema: DescMessage | undefined, kept: UnknownField[] | undefined): UnknownField[] {
    const from = this.#at;
    this.#at = skipOther(this.#buffer, from, this.#end, tag, this.#depth);
    const fields = kept ?? [];
    fields.push({ no: tag >>> 3, wireType: tag & 7, data: this.since(from) });
    return fields;
  }
  /** Returns the bytes from an index to the next byte. */
  since(from: number): Uint8Array {
    return this.#part(from, this.#at);
  }
  /** Skips a field that is not read, but must be as valid as the rest. */
  skip(tag: number, schema: DescMessage): void {
    this.#at = skipField(this.#buffer, this.#at, this.#end, tag, schema, this.#depth);
  }
  /** Skips an unknown field. */
  skipUnknown(tag: number): void {
    this.#at = skipOther(this.#buffer, this.#at, this.#end, tag, this.#depth);
  }

  // ---- scalars ----

  uint32(): number {
    const buffer = this.#buffer;
    let byte = buffer[this.#at++] as number;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      byte = buffer[this.#at++] as number;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    // Sign bits of a negative number. Past the end a byte is undefined, which is not below 0x80 either.
    for (let i = 5; i < 9; i++) {
      byte = buffer[this.#at++] as number;
      if (byte < 0x80) return value >>> 0;
    }
    if (!((buffer[this.#at++] as number) <= MAX_TENTH_BYTE)) throw FALLBACK;
    return value >>> 0;
  }
  /** A tag, or a length, which have at most 32 bits. */
  #size(): number {
    const byte = this.#buffer[this.#at] as number;
    if (byte < 0x80) {
      this.#at++;
      return byte;
    }
    const low = this.#varint();
    if (this.#high !== 0) throw FALLBACK;
    return low >>> 0;
  }
  int32(): number {
    return this.uint32() | 0;
  }
  sint32(): number {
    const value = this.uint32();
    return (value >>> 1) ^ -(value & 1);
  }
  enum<E extends number>(): E {
    return this.int32() as E;
  }
  bool(): boolean {
    return this.#varint() !== 0 || this.#high !== 0;
  }
  #high = 0;
  /** Returns the lower half; the upper half is in `#high`. Both are signed. */
  #varint(): number {
    const buffer = this.#buffer;
    let byte = buffer[this.#at++] as number;
    this.#high = 0;
    if (byte < 0x80) return byte;
    let low = byte & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      byte = buffer[this.#at++] as number;
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return low;
    }
    byte = buffer[this.#at++] as number;
    low |= (byte & 0x0f) << 28;
    let high = (byte & 0x70) >> 4;
    if (byte < 0x80) {
      this.#high = high;
      return low;
    }
    for (let shift = 3; shift < 31; shift += 7) {
      byte = buffer[this.#at++] as number;
      high |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.#high = high;
        return low;
      }
    }
    byte = buffer[this.#at++] as number;
    if (!(byte <= MAX_TENTH_BYTE)) throw FALLBACK;
    this.#high = high | (byte << 31);
    return low;
  }
  int64(): bigint {
    const low = this.#varint();
    return signed(low, this.#high);
  }
  uint64(): bigint {
    const low = this.#varint();
    return unsigned(low, this.#high);
  }
  sint64(): bigint {
    const low = this.#varint();
    const high = this.#high;
    const sign = -(low & 1);
    return signed(((low >>> 1) | ((high & 1) << 31)) ^ sign, (high >>> 1) ^ sign);
  }
  fixed32(): number {
    const from = this.#at;
    this.#at += 4;
    return this.#buffer.readUInt32LE(from);
  }
  sfixed32(): number {
    const from = this.#at;
    this.#at += 4;
    return this.#buffer.readInt32LE(from);
  }
  fixed64(): bigint {
    const from = this.#at;
    this.#at += 8;
    return this.#buffer.readBigUInt64LE(from);
  }
  sfixed64(): bigint {
    const from = this.#at;
    this.#at += 8;
    return this.#buffer.readBigInt64LE(from);
  }
  float(): number {
    const from = this.#at;
    this.#at += 4;
    return this.#buffer.readFloatLE(from);
  }
  double(): number {
    const from = this.#at;
    this.#at += 8;
    return this.#buffer.readDoubleLE(from);
  }
  bytes(): Uint8Array {
    const length = this.#size();
    const from = this.#at;
    const to = from + length;
    if (to > this.#end) throw FALLBACK;
    this.#at = to;
    return this.#part(from, to);
  }
  #part(from: number, to: number): Uint8Array {
    this.kept = true;
    return this.#bytes.subarray(from, to);
  }
  string(): string {
    const length = this.#size();
    const from = this.#at;
    const to = from + length;
    if (to > this.#end) throw FALLBACK;
    this.#at = to;
    if (length > LONG_BYTES) return this.#text(from, to);
    const buffer = this.#buffer;
    if (length >= EIGHTS_BYTES) {
      if (asciiEnd(buffer, from, to) < to) return this.#text(from, to);
    } else {
      let all = 0;
      for (let i = from; i < to; i++) all |= buffer[i] as number;
      if (all > 0x7f) return this.#text(from, to);
    }
    return this.#ascii.text(from, to);
  }
  #text(from: number, to: number): string {
    const text = this.#buffer.utf8Slice(from, to);
    // Bytes that are no UTF-8 decode to U+FFFD.
    if (text.includes("\uFFFD") && !isUtf8(this.#buffer.subarray(from, to))) throw NOT_UTF8;
    return text;
  }
  /** A text of a field that allows bytes which are no UTF-8. */
  looseString(): string {
    const length = this.#size();
    const from = this.#at;
    const to = from + length;
    if (to > this.#end) throw FALLBACK;
    this.#at = to;
    return this.#buffer.utf8Slice(from, to);
  }
  /** Returns the key of a map, if an object can have it as a property. */
  key(key: string): string {
    if (key === "__proto__" || key === "$typeName") throw FALLBACK;
    return key;
  }
  /** Returns a value that an entry of a map must have. */
  required<T>(value: T | undefined): T {
    if (value === undefined) throw FALLBACK;
    return value;
  }
  /** Handles anything but the fields of a map's entry. */
  unusual(): never {
    throw FALLBACK;
  }
}

function signed(low: number, high: number): bigint {
  return high === 0 ? BigInt(low >>> 0) : (BigInt(high) << 32n) | BigInt(low >>> 0);
}
function unsigned(low: number, high: number): bigint {
  return high === 0 ? BigInt(low >>> 0) : (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

// Reading is synchronous, and reading one message never reads another.
const WHOLE = new Reader();

/**
 * Reads a message of any type by its descriptor. Use this in place of `fromBinary` for bytes from outside: protobuf-es
 * reads a field whatever its wire type, and submessages beyond their end.
 *
 * @param into message that receives the fields, merged with those it has; default: a new message
 * @throws an Error with the position of the invalid bytes; it contains no value
 * @example
 * const run = readMessage(RunSchema, bytes);
 */
export function readMessage<Desc extends DescMessage>(
  schema: Desc,
  bytes: Uint8Array,
  into: MessageShape<Desc> = create(schema),
): MessageShape<Desc> {
  WHOLE.start(bytes);
  try {
    readFields(WHOLE, schema, into);
    WHOLE.finish();
    return into;
  } catch (thrown) {
    const why = thrown === NOT_UTF8 ? "text that is not UTF-8" : "invalid wire format";
    throw new Error(`${why} before byte ${Math.min(WHOLE.at, bytes.length)}`);
  } finally {
    WHOLE.release();
  }
}

// Writes messages into one buffer that is reused. Lengths are inserted afterwards, without a tree of pieces. Values
// that it cannot write as protobuf-es would (a number out of range) are left to protobuf-es, which reports the error.
import { create, type DescMessage, type MessageInitShape, toBinary, type UnknownField } from "@bufbuild/protobuf";
import { type EngineBuffer, engineBuffer } from "../engine-buffer.ts";
import { FALLBACK } from "./fallback.ts";
import { PREFIX_BYTES } from "./frame.ts";
import { opaqueBytes } from "./opaque-message.ts";
import { releaseBuffer } from "./release-buffer.ts";

/** Length in bytes above which a value is not copied before the end. */
const APART_BYTES = 4_096;
/** Length up to which an ASCII string is copied here, character by character. The engine copies longer strings. */
const SHORT = 20;
/** Length in characters above which the size in bytes is computed, instead of reserving the maximum. */
const LONG = 16_384;
/** Length in characters up to which all lengths, with tags, fit into one byte each. */
const MAX_KEYED = 100;
const FIRST_FIELD = 0x0a;
const SECOND_FIELD = 0x12;
const FIRST_BYTES = 16_384;
/** A buffer that has grown beyond this is not kept. */
const KEPT_BYTES = 1 << 20;

/** Value of a hexadecimal digit, by character code. */
const NIBBLES = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? 0 : value;
});

/**
 * Writes one message after the other, field by field, for generated codecs; see `encoder`.
 *
 * @example
 * const encodeStartRequest = encoder(StartRequestSchema, (w, message) => {
 *   if (message.task) w.tag(10).string(message.task);
 * });
 */
export class Writer {
  #buffer = allocate(FIRST_BYTES);
  #view = viewOf(this.#buffer);
  #at = 0;
  /** For each open message: the position of its length, and the number of bytes that were apart before. */
  readonly #open: number[] = [];
  /** Bytes that are kept apart, and their positions. */
  #apart: { at: number; readonly bytes: Uint8Array }[] = [];
  #apartBytes = 0;

  start(): void {
    this.#at = 0;
    if (this.#open.length > 0) this.#open.length = 0; // of one that failed; setting it always is a call into the engine
    if (this.#apart.length > 0) this.#apart = [];
    this.#apartBytes = 0;
  }
  /** Number of bytes written since `start`. */
  get length(): number {
    return this.#at + this.#apartBytes;
  }
  /** Returns the bytes since `start`, with gRPC's prefix in front. */
  frame(): Buffer {
    const { length } = this;
    const framed = Buffer.allocUnsafe(PREFIX_BYTES + length);
    framed[0] = 0;
    framed.writeUInt32BE(length, 1);
    this.#give(framed, PREFIX_BYTES);
    return framed;
  }
  /** Returns the bytes since `start` in separate memory, which may be transferred to another thread. */
  take(): Buffer<ArrayBuffer> {
    const taken = Buffer.allocUnsafeSlow(this.length);
    this.#give(taken, 0);
    return taken;
  }
  #give(target: Buffer, at: number): void {
    let from = 0;
    let to = at;
    for (const piece of this.#apart) {
      to += this.#buffer.copy(target, to, from, piece.at);
      target.set(piece.bytes, to);
      to += piece.bytes.length;
      from = piece.at;
    }
    this.#buffer.copy(target, to, from, this.#at);
    if (this.#apart.length > 0) this.#apart = [];
    if (this.#buffer.length > KEPT_BYTES) this.#shrink();
  }
  #shrink(): void {
    releaseBuffer(this.#buffer);
    this.#use(allocate(FIRST_BYTES));
  }

  /** `number << 3 | type` */
  tag(tag: number): this {
    this.#room(5);
    this.#varint(tag);
    return this;
  }
  /** Starts a message, or a packed list, until `close`. */
  open(tag: number): void {
    this.tag(tag);
    this.#room(1);
    this.#open.push(this.#at, this.#apartBytes);
    this.#at++;
  }
  close(): void {
    const apart = this.#open.pop() ?? 0;
    const mark = this.#open.pop() ?? 0;
    const length = this.#at - mark - 1 + this.#apartBytes - apart;
    if (length < 0x80) {
      this.#buffer[mark] = length;
      return;
    }
    const more = sizeOf(length) - 1;
    this.#room(more);
    this.#buffer.copyWithin(mark + 1 + more, mark + 1, this.#at);
    for (let i = this.#apart.length - 1; i >= 0; i--) {
      const piece = this.#apart[i];
      if (piece === undefined || piece.at <= mark) break;
      piece.at += more;
    }
    const end = this.#at + more;
    this.#at = mark;
    this.#varint(length);
    this.#at = end;
  }
  /** Writes a message without a generated codec. */
  other<Desc extends DescMessage>(schema: Desc, message: MessageInitShape<Desc>): void {
    this.bytes(toBinary(schema, create(schema, message)));
  }
  /** Writes a message that is passed on unread; returns false for any other. */
  passed(tag: number, message: object): boolean {
    const bytes = opaqueBytes(message);
    if (bytes === undefined) return false;
    this.tag(tag);
    this.bytes(bytes);
    return true;
  }
  /** Writes the unknown fields. */
  unknown(message: object): void {
    const fields = (message as { readonly $unknown?: readonly UnknownField[] }).$unknown;
    if (fields === undefined) return;
    for (const { no, wireType, data } of fields) {
      this.tag(((no << 3) | wireType) >>> 0);
      this.#raw(data);
    }
  }

  // ---- scalars ----

  uint32(value: number): void {
    if (value >>> 0 !== value) throw FALLBACK;
    this.#room(5);
    this.#varint(value);
  }
  int32(value: number): void {
    if ((value | 0) !== value) throw FALLBACK;
    this.#room(10);
    if (value >= 0) this.#varint(value);
    else this.#varint64(value | 0, -1);
  }
  sint32(value: number): void {
    if ((value | 0) !== value) throw FALLBACK;
    this.#room(5);
    this.#varint(((value << 1) ^ (value >> 31)) >>> 0);
  }
  bool(value: boolean): void {
    this.#room(1);
    this.#buffer[this.#at++] = value ? 1 : 0;
  }
  int64(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw FALLBACK;
    this.#big(value);
  }
  uint64(value: bigint): void {
    if (BigInt.asUintN(64, value) !== value) throw FALLBACK;
    this.#big(value);
  }
  sint64(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw FALLBACK;
    this.#big((value << 1n) ^ (value >> 63n));
  }
  fixed32(value: number): void {
    if (value >>> 0 !== value) throw FALLBACK;
    this.#room(4);
    this.#at = this.#buffer.writeUInt32LE(value, this.#at);
  }
  sfixed32(value: number): void {
    if ((value | 0) !== value) throw FALLBACK;
    this.#room(4);
    this.#at = this.#buffer.writeInt32LE(value, this.#at);
  }
  fixed64(value: bigint): void {
    if (BigInt.asUintN(64, value) !== value) throw FALLBACK;
    this.#eight(value);
  }
  sfixed64(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw FALLBACK;
    this.#eight(value);
  }
  /** Uses a view, because `writeBigUInt64LE` creates several integers on the heap. */
  #eight(value: bigint): void {
    this.#room(8);
    this.#view.setBigInt64(this.#at, value, true);
    this.#at += 8;
  }
  float(value: number): void {
    if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) throw FALLBACK;
    this.#room(4);
    this.#at = this.#buffer.writeFloatLE(value, this.#at);
  }
  double(value: number): void {
    this.#room(8);
    this.#at = this.#buffer.writeDoubleLE(value, this.#at);
  }
  bytes(value: Uint8Array): void {
    this.#room(5);
    this.#varint(value.length);
    this.#raw(value);
  }
  /** Writes the bytes of an even number of hexadecimal digits. */
  hex(digits: string): void {
    const { length } = digits;
    this.#room(5 + length / 2);
    this.#varint(length / 2);
    const buffer = this.#buffer;
    let at = this.#at;
    // A loop over the digits of an id is cheaper than a call into the engine.
    for (let i = 0; i < length; i += 2) {
      const high = NIBBLES[digits.charCodeAt(i)] as number;
      buffer[at++] = (high << 4) | (NIBBLES[digits.charCodeAt(i + 1)] as number);
    }
    this.#at = at;
  }
  /**
   * Writes a message of OpenTelemetry's, `KeyValue { key, value { string_value } }`, in one pass. Writes nothing and
   * returns false if either text is long or not ASCII.
   *
   * @param tag of one byte
   */
  keyedText(tag: number, key: string, value: string): boolean {
    const keyLength = key.length;
    const { length } = value;
    if (keyLength + length > MAX_KEYED) return false;
    this.#room(MAX_KEYED + 12);
    const buffer = this.#buffer;
    let at = this.#at;
    buffer[at++] = tag;
    buffer[at++] = keyLength + length + 6;
    buffer[at++] = FIRST_FIELD;
    buffer[at++] = keyLength;
    let all = 0;
    for (let i = 0; i < keyLength; i++) {
      const code = key.charCodeAt(i);
      all |= code;
      buffer[at++] = code;
    }
    buffer[at++] = SECOND_FIELD;
    buffer[at++] = length + 2;
    buffer[at++] = FIRST_FIELD;
    buffer[at++] = length;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      all |= code;
      buffer[at++] = code;
    }
    if (all > 0x7f) return false;
    this.#at = at;
    return true;
  }
  string(value: string): void {
    const { length } = value;
    this.#room((length > LONG ? Buffer.byteLength(value) : length * 3) + 5);
    const buffer = this.#buffer;
    if (length <= SHORT) {
      const from = this.#at + 1;
      let all = 0;
      for (let i = 0; i < length; i++) {
        const code = value.charCodeAt(i);
        all |= code;
        buffer[from + i] = code;
      }
      if (all <= 0x7f) {
        buffer[from - 1] = length;
        this.#at = from + length;
        return;
      }
    }
    // The guess assumes ASCII; a longer text is moved a little.
    const guess = sizeOf(length);
    const from = this.#at + guess;
    const bytes = buffer.utf8Write(value, from);
    const size = sizeOf(bytes);
    if (size !== guess) buffer.copyWithin(this.#at + size, from, from + bytes);
    this.#varint(bytes);
    this.#at += bytes;
  }

  #raw(bytes: Uint8Array): void {
    if (bytes.length > APART_BYTES) {
      this.#apart.push({ at: this.#at, bytes });
      this.#apartBytes += bytes.length;
      return;
    }
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }
  #big(value: bigint): void {
    this.#room(10);
    const small = Number(value);
    if (small >= 0 && small <= 0xffff_ffff) this.#varint(small);
    else this.#varint64(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
  }
  #varint(value: number): void {
    const buffer = this.#buffer;
    let rest = value;
    while (rest > 0x7f) {
      buffer[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    buffer[this.#at++] = rest;
  }
  /** Writes a varint from its two halves. */
  #varint64(low: number, high: number): void {
    const buffer = this.#buffer;
    let lower = low >>> 0;
    let upper = high >>> 0;
    while (upper > 0 || lower > 0x7f) {
      buffer[this.#at++] = (lower & 0x7f) | 0x80;
      lower = ((lower >>> 7) | (upper << 25)) >>> 0;
      upper >>>= 7;
    }
    buffer[this.#at++] = lower;
  }
  #room(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#buffer.length) return;
    const outgrown = this.#buffer;
    const larger = allocate(Math.max(outgrown.length * 2, needed));
    outgrown.copy(larger, 0, 0, this.#at);
    this.#use(larger);
    releaseBuffer(outgrown);
  }
  #use(buffer: EngineBuffer): void {
    this.#buffer = buffer;
    this.#view = viewOf(buffer);
  }
}

const viewOf = ({ buffer, byteOffset, length }: Uint8Array) => new DataView(buffer, byteOffset, length);
const allocate = (bytes: number) => engineBuffer(Buffer.allocUnsafeSlow(bytes));

/** Returns the number of bytes of a varint. */
function sizeOf(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

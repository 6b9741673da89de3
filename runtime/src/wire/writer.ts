// Writes messages into one buffer that is used again: lengths are put in afterwards, and there is no tree of pieces. What it
// cannot write as protobuf-es would (a number that is out of range) is left to protobuf-es, which says what is wrong.
import { create, type DescMessage, type MessageInitShape, toBinary, type UnknownField } from "@bufbuild/protobuf";
import { engineBuffer } from "./engine-buffer.ts";
import { PREFIX_BYTES } from "./frame.ts";
import { passedBytes } from "./passed.ts";
import { UNUSUAL } from "./unusual.ts";

/** What is longer is not copied until all is together. */
const APART_BYTES = 4_096;
/** A string up to so long is copied here, character by character, as long as it is ASCII; longer ones by the engine. */
const SHORT = 48;
const FIRST_BYTES = 16_384;
/** A buffer that has grown beyond this is not kept. */
const KEPT_BYTES = 1 << 20;

/** Writes one message after the other, field by field, for generated codecs; see `encoder`. */
export class Writer {
  #buffer = allocate(FIRST_BYTES);
  #at = 0;
  /** For each message that is open: where its length stands, and how much stood apart before. */
  readonly #open: number[] = [];
  /** What stands apart, and where it belongs. */
  #apart: { at: number; readonly bytes: Uint8Array }[] = [];
  #apartBytes = 0;

  start(): void {
    this.#at = 0;
    this.#open.length = 0;
    if (this.#apart.length > 0) this.#apart = [];
    this.#apartBytes = 0;
  }
  /** What has been written since `start`, with gRPC's prefix in front. */
  frame(): Buffer {
    const length = this.#at + this.#apartBytes;
    const framed = Buffer.allocUnsafe(PREFIX_BYTES + length);
    framed[0] = 0;
    framed.writeUInt32BE(length, 1);
    let from = 0;
    let to = PREFIX_BYTES;
    for (const { at, bytes } of this.#apart) {
      to += this.#buffer.copy(framed, to, from, at);
      framed.set(bytes, to);
      to += bytes.length;
      from = at;
    }
    this.#buffer.copy(framed, to, from, this.#at);
    if (this.#apart.length > 0) this.#apart = [];
    if (this.#buffer.length > KEPT_BYTES) this.#buffer = allocate(FIRST_BYTES);
    return framed;
  }

  /** `number << 3 | type` */
  tag(tag: number): this {
    this.#room(5);
    this.#varint(tag);
    return this;
  }
  /** Begins a message, or a packed list, until `close`. */
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
  /** A message that has no codec of its own. */
  other<Desc extends DescMessage>(schema: Desc, message: MessageInitShape<Desc>): void {
    this.bytes(toBinary(schema, create(schema, message)));
  }
  /** Writes a message that is passed on as it came; false for any other. */
  passed(tag: number, message: object): boolean {
    const bytes = passedBytes(message);
    if (bytes === undefined) return false;
    this.tag(tag);
    this.bytes(bytes);
    return true;
  }
  /** The fields that nobody knew. */
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
    if (value >>> 0 !== value) throw UNUSUAL;
    this.#room(5);
    this.#varint(value);
  }
  int32(value: number): void {
    if ((value | 0) !== value) throw UNUSUAL;
    this.#room(10);
    if (value >= 0) this.#varint(value);
    else this.#varint64(value | 0, -1);
  }
  sint32(value: number): void {
    if ((value | 0) !== value) throw UNUSUAL;
    this.#room(5);
    this.#varint(((value << 1) ^ (value >> 31)) >>> 0);
  }
  bool(value: boolean): void {
    this.#room(1);
    this.#buffer[this.#at++] = value ? 1 : 0;
  }
  int64(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw UNUSUAL;
    this.#big(value);
  }
  uint64(value: bigint): void {
    if (BigInt.asUintN(64, value) !== value) throw UNUSUAL;
    this.#big(value);
  }
  sint64(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw UNUSUAL;
    this.#big((value << 1n) ^ (value >> 63n));
  }
  fixed32(value: number): void {
    if (value >>> 0 !== value) throw UNUSUAL;
    this.#room(4);
    this.#at = this.#buffer.writeUInt32LE(value, this.#at);
  }
  sfixed32(value: number): void {
    if ((value | 0) !== value) throw UNUSUAL;
    this.#room(4);
    this.#at = this.#buffer.writeInt32LE(value, this.#at);
  }
  fixed64(value: bigint): void {
    this.#room(8);
    this.#at = this.#buffer.writeBigUInt64LE(value, this.#at);
  }
  sfixed64(value: bigint): void {
    this.#room(8);
    this.#at = this.#buffer.writeBigInt64LE(value, this.#at);
  }
  float(value: number): void {
    if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) throw UNUSUAL;
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
  string(value: string): void {
    const { length } = value;
    this.#room(length * 3 + 5);
    const buffer = this.#buffer;
    if (length <= SHORT) {
      const from = this.#at + 1;
      let i = 0;
      for (; i < length; i++) {
        const code = value.charCodeAt(i);
        if (code > 0x7f) break;
        buffer[from + i] = code;
      }
      if (i === length) {
        buffer[from - 1] = length;
        this.#at = from + length;
        return;
      }
    }
    // As if it were ASCII; what is longer moves a little.
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
  /** Of two halves. */
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
    const larger = allocate(Math.max(this.#buffer.length * 2, needed));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}

const allocate = (bytes: number) => engineBuffer(Buffer.allocUnsafeSlow(bytes));

/** How many bytes a varint takes. */
function sizeOf(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

// Frames of requests and answers in the forms of other implementations. The server must read forms that the runtime
// itself never writes.
import {
  Flag,
  FRAME_HEAD_BYTES,
  FrameType,
  huffmanSymbols,
  NO_TABLE as NO_TABLE_BYTE,
  STATIC_TABLE,
  WINDOW,
  WINDOW_MAX,
  writeFrameHead,
  writeUint32,
} from "@protobff/runtime/internal/http2";

export type Fields = readonly (readonly [name: string, value: string])[];

/** Forms of headers that RFC 7541 leaves to the encoder. */
export interface Form {
  /** Texts in Huffman's code. */
  readonly coded: boolean;
  /** "With incremental indexing" (6.2.1), which has no effect without a table. */
  readonly indexed: boolean;
}

export const FORMS: readonly [Form, Form, Form] = [
  { coded: true, indexed: true },
  { coded: true, indexed: false },
  { coded: false, indexed: false },
];
/** Prefix of a block: the dynamic table is disabled (RFC 7541, 6.3). */
export const NO_TABLE = Buffer.of(NO_TABLE_BYTE);

/** Names and values have characters below 256. */
export function encodeFields(fields: Fields, { coded, indexed }: Form): Buffer {
  const text = coded ? codedText : plainText;
  return Buffer.concat(
    fields.flatMap(([name, value]) => {
      const whole = STATIC_TABLE.findIndex((entry) => entry[0] === name && entry[1] === value) + 1;
      if (whole > 0) return [integer(0x80, 7, whole)];
      const index = STATIC_TABLE.findIndex((entry) => entry[0] === name) + 1;
      const begin = indexed ? integer(0x40, 6, index) : integer(0x00, 4, index);
      return index === 0 ? [begin, text(name), text(value)] : [begin, text(value)];
    }),
  );
}

/** RFC 7541, 5.1. */
function integer(first: number, bits: number, value: number): Buffer {
  const mask = (1 << bits) - 1;
  if (value < mask) return Buffer.of(first | value);
  const bytes = [first | mask];
  let rest = value - mask;
  for (; rest >= 128; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}
function plainText(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  return Buffer.concat([integer(0x00, 7, bytes.length), bytes]);
}
function codedText(text: string): Buffer {
  const bits = [...Buffer.from(text, "latin1")].map((byte) => CODES.get(byte) ?? "").join("");
  const whole = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1"); // the beginning of the code of the end
  const bytes = Buffer.from((whole.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  return Buffer.concat([integer(0x80, 7, bytes.length), bytes]);
}
/** Huffman code of each byte, as zeros and ones. */
const CODES: ReadonlyMap<number, string> = new Map(
  huffmanSymbols().map(({ symbol, code, length }) => [symbol, code.toString(2).padStart(length, "0")]),
);

/** Returns a frame without its stream id, which is set later. */
export function frameOf(type: number, flags: number, payload: Buffer): Buffer {
  const out = Buffer.alloc(FRAME_HEAD_BYTES + payload.length);
  payload.copy(out, writeFrameHead(out, 0, payload.length, type, flags, 0));
  return out;
}

/** Returns the frames with this stream id. */
export function ofStream(frames: Buffer, id: number): Buffer {
  const out = Buffer.from(frames);
  for (let at = 0; at < out.length; at += FRAME_HEAD_BYTES + out.readUIntBE(at, 3)) writeUint32(out, at + 5, id);
  return out;
}

/** Opens the connection's window to its maximum, so that only the server has to track flow control. */
export function wideWindow(): Buffer {
  const bytes = Buffer.alloc(4);
  writeUint32(bytes, 0, WINDOW_MAX - WINDOW);
  return frameOf(FrameType.WINDOW_UPDATE, 0, bytes);
}

/** The other end's settings have been read. */
export const SETTLED = frameOf(FrameType.SETTINGS, Flag.ACK, Buffer.alloc(0));

/** A frame of an unknown type (RFC 9113, 4.1). Its size makes the reader check every type, and the time. */
export const PASSED_OVER = frameOf(0xbf, 0, Buffer.alloc(2_048));

/** GOAWAY of a client that is done. */
export const GOODBYE = frameOf(FrameType.GOAWAY, 0, Buffer.alloc(8));

// Reads bytes of a connection as frames: a separate implementation, which shares nothing with the runtime's.
import { Frame } from "../../proofs/corpora/attacks/rig/raw-http2.ts";

export interface Read {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  /** Payload of DATA, HEADERS and all others: whole, with padding. */
  readonly payload: Buffer;
}

export const FRAME_BYTES = 16_384;
export const NUMBER_MAX = 2 ** 31 - 1;
const HEAD_BYTES = 9;

/** Frame by frame. One that is too long is the last, without its payload; what is not whole is nothing yet. */
export function* reads(bytes: Buffer): Generator<Read & { readonly length: number }> {
  for (let at = 0; at + HEAD_BYTES <= bytes.length; ) {
    const length = bytes.readUIntBE(at, 3);
    const [type = 0, flags = 0] = [bytes[at + 3], bytes[at + 4]];
    const stream = bytes.readUInt32BE(at + 5) & NUMBER_MAX;
    const end = at + HEAD_BYTES + length;
    if (length > FRAME_BYTES) {
      yield { type, flags, stream, length, payload: Buffer.alloc(0) };
      return;
    }
    if (end > bytes.length) return;
    yield { type, flags, stream, length, payload: bytes.subarray(at + HEAD_BYTES, end) };
    at = end;
  }
}

export const isOfHeaders = ({ type }: Read): boolean => type === Frame.headers || type === Frame.continuation;

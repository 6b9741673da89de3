/** Types of frames (RFC 9113, 4 and 6). */
export const FrameType = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

/** Flags of frames (RFC 9113, 6), by name. */
export const Flag = { END_STREAM: 1, ACK: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 32 } as const;

/** Identifiers of settings (RFC 9113, 6.5.2), by name. */
export const Setting = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
} as const;

/** Size of the header of a frame, in bytes (RFC 9113, 4.1). */
export const FRAME_HEAD_BYTES = 9;
/** The smallest maximum frame that every end must accept, in bytes, and the largest frame that we accept. */
export const FRAME_BYTES = 16_384;
/** The largest maximum frame that an end may declare, in bytes. */
export const FRAME_BYTES_MAX = 2 ** 24 - 1;
/** Largest window, in bytes. Also the largest number of a stream. */
export const WINDOW_MAX = 2 ** 31 - 1;
/** Initial window, in bytes. */
export const WINDOW_BYTES = 65_535;

/** Writes the nine bytes in front of a frame. Returns their end. */
export function writeFrameHead(
  out: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  stream: number,
): number {
  out[at] = length >>> 16;
  out[at + 1] = length >>> 8;
  out[at + 2] = length;
  out[at + 3] = type;
  out[at + 4] = flags;
  return writeUint32(out, at + 5, stream);
}

/** Writes 32 bits in network byte order. Returns the index behind them. */
export function writeUint32(out: Buffer, at: number, value: number): number {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
  return at + 4;
}

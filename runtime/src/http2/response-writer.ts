import type { FrameWriter } from "./frame-writer.ts";
import { Flag, FRAME_BYTES, FRAME_HEAD_BYTES, FrameType, writeFrameHead } from "./frames.ts";
import { encodedName, writeText } from "./hpack-writer.ts";
import { responseBound, writeResponse } from "./response-encoder.ts";

/** Writes the headers of answers on one connection. */
export class ResponseWriter {
  readonly #writer: FrameWriter;
  #first = true;

  constructor(writer: FrameWriter) {
    this.#writer = writer;
  }
  /**
   * @param status undefined: trailers
   * @param headers names, in lower case, and values in turn
   * @throws TypeError for headers that HTTP/2 cannot carry
   */
  write(stream: number, status: number | undefined, headers: readonly string[], endStream: boolean): void {
    const dated = status !== undefined && status >= 200 && !headers.includes("date");
    const bound = responseBound(headers) + (dated ? DATE_BYTES : 0);
    const end = endStream ? Flag.END_STREAM : 0;
    if (bound > FRAME_BYTES) {
      this.#pieces(stream, this.#block(Buffer.allocUnsafe(bound), 0, status, headers, dated), end);
      return;
    }
    const at = this.#writer.reserve(FRAME_HEAD_BYTES + bound);
    const { buffer } = this.#writer;
    const from = at + FRAME_HEAD_BYTES;
    const to = from + this.#block(buffer, from, status, headers, dated).length;
    writeFrameHead(buffer, at, to - from, FrameType.HEADERS, Flag.END_HEADERS | end, stream);
    this.#writer.commit(to);
  }
  #block(out: Buffer, from: number, status: number | undefined, headers: readonly string[], dated: boolean): Buffer {
    let at = writeResponse(out, from, status, headers, this.#first);
    this.#first = false;
    if (dated) at += date().copy(out, at);
    return out.subarray(from, at);
  }
  #pieces(stream: number, block: Buffer, end: number): void {
    for (let at = 0; at < block.length; at += FRAME_BYTES) {
      const last = at + FRAME_BYTES >= block.length;
      const flags = (at === 0 ? end : 0) | (last ? Flag.END_HEADERS : 0);
      const type = at === 0 ? FrameType.HEADERS : FrameType.CONTINUATION;
      this.#writer.frame(type, flags, stream, block.subarray(at, at + FRAME_BYTES));
    }
  }
}

// ---- `date`, once a second for all ----

const DATE = encodedName("date");
const DATE_BYTES = 40;
const SECOND_MS = 1_000;
const dateHeader = Buffer.alloc(DATE_BYTES);
let dateEnd = 0;
let datedAt = 0;
function date(): Buffer {
  const now = Date.now();
  if (now - datedAt >= SECOND_MS || now < datedAt || dateEnd === 0) {
    datedAt = now - (now % SECOND_MS);
    dateEnd = writeText(dateHeader, DATE.copy(dateHeader), new Date(now).toUTCString());
  }
  return dateHeader.subarray(0, dateEnd);
}

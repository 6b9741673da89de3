// `@protobff/runtime/internal/http2`: HTTP/2 by frames, for the sessions and the warm-up of `@protobff/server`.
export type { Connection, ConnectionParts, HeaderBlocks, Stream } from "./connection.ts";
export { DynamicTable } from "./dynamic-table.ts";
export { ConnectionError, ErrorCode } from "./error-code.ts";
export { isAuthority, wrongLength } from "./field-rules.ts";
export { FloodGuard } from "./flood-guard.ts";
export { FrameReader } from "./frame-reader.ts";
export { FrameWriter } from "./frame-writer.ts";
export {
  Flag,
  FRAME_BYTES,
  FRAME_HEAD_BYTES,
  FrameType,
  WINDOW_BYTES,
  WINDOW_MAX,
  writeFrameHead,
  writeUint32,
} from "./frames.ts";
export { STATIC_TABLE } from "./hpack-static-table.ts";
export { NO_TABLE } from "./hpack-writer.ts";
export { huffmanSymbols } from "./huffman-code.ts";
export { type End, Incoming } from "./incoming-frames.ts";
export { OpenStreams } from "./open-streams.ts";
export { MAGIC, preface, serverPreface, WINDOW } from "./preface.ts";
export { type KnownRequests, RequestBlocks, RequestFields } from "./request-block.ts";
export { ResponseWriter } from "./response-writer.ts";
export { SendQueue } from "./send-queue.ts";

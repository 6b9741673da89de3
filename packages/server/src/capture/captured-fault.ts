import type { Fault } from "@protobff/runtime/internal/failure";
import type { CapturedFault } from "./format.ts";

/** Length of a text in base64, per byte. */
export const BASE64 = 4 / 3;

/** Returns the bytes in base64. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}

/** Returns a fault as in the file. */
export function capturedFault({ kind, code, message, pushbackMs, upstreamText, details, kept }: Fault): CapturedFault {
  return {
    kind,
    code,
    message,
    ...(pushbackMs !== undefined && { pushbackMs }),
    ...(upstreamText !== undefined && { upstreamText }),
    ...(details !== undefined && { details: base64(details) }),
    ...(kept !== undefined && { kept }),
  };
}

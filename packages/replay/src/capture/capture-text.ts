import type { CapturedRequest, CaptureHeader } from "@protobff/server/capture";
import { printable } from "../report/printable.ts";

/** Returns a capture as lines of JSON, which a replay reads as well. */
export function captureText(
  { texts: _, sealed: _sealed, ...header }: CaptureHeader,
  requests: Iterable<CapturedRequest>,
) {
  return [header, ...requests].map((line) => `${printable(JSON.stringify(line))}\n`).join("");
}

// Part of an upstream's status that clients receive: no more than the headers of any client hold.
import { statusDetails } from "./status-detail.ts";

const TEXT_BYTES = 1024;
const DETAILS_BYTES = 8 * 1024;

/** A detail as received: the full name of its type, and its bytes. */
export interface ReceivedDetail {
  readonly type: string;
  readonly value: Uint8Array<ArrayBuffer>;
}

/** Returns the text, or as much of its beginning as fits into 1 KiB of UTF-8, with an ellipsis. */
export function boundedText(text: string): string {
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length <= TEXT_BYTES) return text.toWellFormed();
  let end = TEXT_BYTES - Buffer.byteLength("…");
  // Not inside of a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${bytes.toString("utf8", 0, end)}…`;
}

/** Returns the details of an encoded `google.rpc.Status`, in order, without those that exceed 8 KiB together. */
export function boundedDetails(status: Uint8Array): ReceivedDetail[] {
  let left = DETAILS_BYTES;
  return statusDetails(status).filter(({ type, value }) => {
    const bytes = type.length + value.length;
    if (bytes > left) return false;
    left -= bytes;
    return true;
  });
}

import type { ReceivedHeaders } from "../transport/call-headers.ts";

/** What came beside the message of an answer. */
export interface Received {
  readonly headers: ReceivedHeaders;
  readonly trailers: ReceivedHeaders;
}

/**
 * A value by its lower-case name: several are joined with ", ", and an absent one is "". Space around it is left out, which gRPC allows
 * (PROTOCOL-HTTP2.md, "ASCII-Value").
 */
export function receivedText(received: ReceivedHeaders | undefined, name: string): string {
  if (received === undefined || !Object.hasOwn(received, name)) return "";
  const value = received[name];
  return (Array.isArray(value) ? value.join(", ") : String(value ?? "")).trim();
}

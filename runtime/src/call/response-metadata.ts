import type { ReceivedHeaders } from "../transport/call-headers.ts";

/** Headers and trailers of an answer. */
export interface ResponseMetadata {
  readonly headers: ReceivedHeaders;
  readonly trailers: ReceivedHeaders;
}

/**
 * A value by its lower-case name: several are joined with ", ", and an absent one is "". Space around it is left out, which gRPC allows
 * (PROTOCOL-HTTP2.md, "ASCII-Value").
 */
export function metadataText(received: ReceivedHeaders | undefined, name: string): string {
  if (received === undefined || !Object.hasOwn(received, name)) return "";
  const value = received[name];
  return (Array.isArray(value) ? value.join(", ") : String(value ?? "")).trim();
}

/** Header of a topic's newest item: the token of its place. */
export const TOKEN_HEADER = "bff-resume";

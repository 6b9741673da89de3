import type { KnownRequests, RequestFields } from "@protobff/http2/request-block";
import type { OwnStream } from "../carrier/own-stream.ts";
import type { ConnectionHold } from "../requests/connection-bytes.ts";

/** What sessions have in common. */
export interface OwnSessions {
  readonly maxStreams: number;
  /** As of `ListenerOptions`. */
  readonly handshakeTimeoutMs: number;
  /** What is said first. */
  readonly preface: Buffer;
  readonly known: KnownRequests;
  /** @param headers nobody else's */
  request(stream: OwnStream, headers: RequestFields, raw: readonly string[]): void;
  /** It holds so many bytes now, which are not those of bodies. */
  holds(session: ConnectionHold, bytes: number): void;
  /** It has been ended for asking too much. */
  calmed(why: string): void;
  gone(session: ConnectionHold): void;
}

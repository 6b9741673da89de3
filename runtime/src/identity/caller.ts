import type { Message } from "@bufbuild/protobuf";
import type { Credential } from "@protobff/messages/bff/v1/identity_pb.js";

/** Who is calling, proven by a credential. One object for as long as the same credential is remembered. */
export interface Caller<P extends Message = Message> {
  /** What the source knows of the credential. */
  readonly credential: Credential;
  readonly principal: P;
  /** The principal's message, encoded once: equal callers have equal bytes. */
  readonly bytes: Uint8Array;
  /**
   * Source, issuer, type and bytes as one text: what keys of caches hold of a caller whose identity is sent. Not for people, and
   * never logged.
   */
  readonly key: string;
  /** What `identify: TOKEN` sends, without a scheme; undefined where the source has none. */
  readonly token: string | undefined;
}

import type { Message } from "@bufbuild/protobuf";
import type { Credential } from "@protobff/messages/bff/v1/identity_pb.js";

/** The caller, proven by a credential. A remembered credential yields the same object each time. */
export interface Caller<P extends Message = Message> {
  /** Facts that the source has about the credential. */
  readonly credential: Credential;
  readonly principal: P;
  /** The principal's message, encoded once: equal callers have equal bytes. */
  readonly bytes: Uint8Array;
  /**
   * Source, issuer, type and bytes as one text: what keys of caches hold of a caller whose identity is sent. Not for people, and
   * never logged.
   */
  readonly key: string;
  /** Token that `identify: TOKEN` sends, without a scheme. Undefined if the source has none. */
  readonly token: string | undefined;
}

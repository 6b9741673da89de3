// Streams towards clients: an RPC that answers with one message per item of a source. This module depends on
// composition, and not on the protocol of a follower.
import type { DescMethodServerStreaming, Message } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import type { ArrivalCheck, Verdict } from "../admission/admission.ts";
import type { AnswerMetadata } from "../admission/answer-metadata.ts";
import type { Clock } from "../clock.ts";
import type { Endpoint, EndpointCodec } from "../endpoint/endpoint-options.ts";
import type { LeftOut } from "../endpoint/leave-out.ts";
import type { Version } from "../endpoint/version.ts";
import type { Failure } from "../failure.ts";
import type { Identity } from "../identity/identity.ts";
import type { IncomingHeaders } from "../identity/incoming-request.ts";
import type { Priority } from "../observer-requests.ts";
import type { Traffic } from "../wire/traffic.ts";

/**
 * Destination of a follower's messages: one client, by any protocol. Its calls come in the order of this list. A
 * refused request may receive `failed`, and only that, before `follow` has returned.
 */
export interface Follower {
  /**
   * Reports that permits, guards and the opening have let it pass. Headers may be sent; a protocol may wait a second
   * for the first item.
   */
  opened(metadata: AnswerMetadata | undefined): void;
  /**
   * Delivers one message of the RPC's output.
   *
   * @param token to resume after it; undefined if that is impossible
   * @param leftOut receives the fields that the protocol cannot carry, before `item` returns
   * @returns true if more may follow at once; if false, neither item nor beat follows before `Following.ready`
   * @throws if it cannot be written: the stream fails
   */
  item(message: Message, token: string | undefined, leftOut?: LeftOut): boolean;
  /**
   * Reports that no item has arrived for the RPC's heartbeat interval.
   *
   * @param message one with only the position's `beat`, for protocols without heartbeats
   */
  beat(message: Message, token: string | undefined): void;
  /** Reports the end of the source: OK. The last call. */
  ended(metadata: AnswerMetadata | undefined): void;
  /**
   * Reports a failure. The last call.
   *
   * @param token of the last delivered item, for the trailer `bff-resume`
   */
  failed(failure: Failure, token: string | undefined, metadata: AnswerMetadata | undefined): void;
}

/** A follower being served. */
export interface Following {
  /**
   * Reports that the last item was written, and more may follow. Never before the `item` that returned false has
   * returned.
   */
  ready(): void;
  /** Reports that the server shuts down. The stream ends with UNAVAILABLE, and the last token. */
  drain(): void;
  /** Stops all work, because the client has disconnected. The follower receives no event. */
  cancel(why?: Failure): void;
}

/** One server-streaming rpc of a BFF service, ready to serve. */
export interface StreamEndpoint {
  readonly method: DescMethodServerStreaming;
  /** Codec of `method.input` and `method.output`. Default: protobuf-es. */
  readonly codec?: EndpointCodec<Message, Message> | undefined;
  /** Maximum number of elements of lists, maps and JSON in a request. Default: the limit of the server. */
  readonly maxElements?: number | undefined;
  /** Class under overload. Default: `normal`. */
  readonly priority?: Priority | undefined;
  /** As of `Endpoint`. */
  readonly behind?: Endpoint["behind"];
  /** As of `Endpoint`. */
  readonly share?: Endpoint["share"];
  /** Host names that a server compares with those of requests. Default: every host. */
  readonly hosts?: readonly string[] | undefined;
  readonly version?: Version | undefined;
  /** As of `Endpoint`. */
  readonly headerNames?: readonly string[] | undefined;
  /** Time without an item after which `Follower.beat` is called, in milliseconds. Undefined for never. */
  readonly heartbeatMs?: number | undefined;
  /** As of `Endpoint`. */
  readonly authenticate?: ((headers: IncomingHeaders) => Verdict | Promise<Verdict>) | undefined;
  /** As of `Endpoint`. */
  readonly identify?: Endpoint["identify"];
  /** As of `Endpoint`. */
  readonly arrival?: ArrivalCheck | undefined;
  readonly refused?: ((failure: Failure, headers: IncomingHeaders, tookMs: number) => void) | undefined;
  /** As of `Endpoint`. */
  readonly traffic?: Traffic | undefined;
  /**
   * Serves one follower.
   *
   * @param args a message of `method.input`
   * @param headers the result of `authenticate`; others are authenticated first
   * @param clientMs time that the client's deadline leaves for the whole stream, if it has one
   * @param resume the token after which to resume; undefined to begin at the RPC's default
   */
  follow(
    args: Message,
    headers: IncomingHeaders,
    clientMs: number | undefined,
    resume: string | undefined,
    follower: Follower,
  ): Following;
  /** Why a capture of it cannot be compared with its replay. Default: it can. */
  readonly incomparable?: string | undefined;
  /** Sets the maximum size of the answers that it keeps for its followers in this process, in bytes. */
  readonly keeps?: ((maxBytes: number) => void) | undefined;
  /** Returns the same endpoint on another clock, for tests. */
  readonly withClock?: ((clock: Clock) => StreamEndpoint) | undefined;
  /** As of `Endpoint`. */
  readonly withGuard?: ((guard: Identity) => StreamEndpoint) | undefined;
  /** Adds the rpc to a router of Connect. */
  route(router: ConnectRouter): void;
}

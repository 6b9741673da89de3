// Streams towards clients: an rpc that answers with one message per item of a source. It knows composing, and not by which protocol anybody
// follows.
import type { DescMethodServerStreaming, Message } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import type { Verdict } from "../admission/admission.ts";
import type { AnswerMetadata } from "../admission/answer-metadata.ts";
import type { Clock } from "../clock.ts";
import type { EndpointCodec } from "../endpoint/endpoint-options.ts";
import type { Version } from "../endpoint/version.ts";
import type { Failure } from "../failure.ts";
import type { IncomingHeaders } from "../identity/incoming.ts";

/**
 * Where a follower's messages go: one client, by whatever protocol. Its calls come in the order of this list; a request that is refused may
 * hear of it, by `failed` alone, before `follow` has returned.
 */
export interface Follower {
  /** Permits, guards and whatever opens have let it pass. Headers may leave; a protocol may wait a second for the first item. */
  opened(metadata: AnswerMetadata | undefined): void;
  /**
   * One message of the rpc's output.
   *
   * @param token to go on behind it; undefined where that cannot be
   * @returns whether more may come at once; if not, neither item nor beat follows before `Following.ready`
   * @throws where it cannot be written: the stream fails
   */
  item(message: Message, token: string | undefined): boolean;
  /**
   * Nothing has come for the rpc's heartbeat.
   *
   * @param message one with nothing but the position's `beat`, for protocols without signs of life of their own
   */
  beat(message: Message, token: string | undefined): void;
  /** The source is at its end: OK. The last call. */
  ended(metadata: AnswerMetadata | undefined): void;
  /**
   * The last call.
   *
   * @param token of the last item that has been given, for the trailer `bff-resume`
   */
  failed(failure: Failure, token: string | undefined, metadata: AnswerMetadata | undefined): void;
}

/** A follower being served. */
export interface Following {
  /** What was given has been written: more may come. Never before the `item` that said otherwise has returned. */
  ready(): void;
  /** The server is going: it ends with UNAVAILABLE, and the last token. */
  drain(): void;
  /** Nobody listens any more: whatever runs for it is stopped, and the follower hears nothing. */
  cancel(why?: Failure): void;
}

/** One server-streaming rpc of a BFF service, ready to serve. */
export interface StreamEndpoint {
  readonly method: DescMethodServerStreaming;
  /** For messages of `method.input` and `method.output`; undefined: protobuf-es. */
  readonly codec?: EndpointCodec<Message, Message> | undefined;
  /** How many elements of lists, maps and JSON a request may hold; undefined: what the server allows. */
  readonly maxElements?: number | undefined;
  readonly version?: Version | undefined;
  /** After so long without an item, in milliseconds, `Follower.beat` is called; undefined: never. */
  readonly heartbeatMs?: number | undefined;
  /** As of `Endpoint`. */
  readonly judge?: ((headers: IncomingHeaders) => Verdict | Promise<Verdict>) | undefined;
  readonly refused?: ((failure: Failure, headers: IncomingHeaders, tookMs: number) => void) | undefined;
  /**
   * Serves one follower.
   *
   * @param args a message of `method.input`
   * @param headers what `judge` gave; others are judged first
   * @param clientMs what the client's deadline leaves, if it has one: of the whole stream
   * @param resume the token behind which to go on; undefined: from the beginning, as the rpc has it
   */
  follow(
    args: Message,
    headers: IncomingHeaders,
    clientMs: number | undefined,
    resume: string | undefined,
    follower: Follower,
  ): Following;
  /** The same on another clock, for tests. */
  readonly withClock?: ((clock: Clock) => StreamEndpoint) | undefined;
  /** Adds the rpc to a router of Connect. */
  route(router: ConnectRouter): void;
}

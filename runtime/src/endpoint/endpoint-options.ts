import type { DescMessage, DescMethodUnary, Message, MessageShape } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import type { Degradation } from "@protobff/messages/bff/v1/degradation_pb.js";
import type { Part } from "@protobff/messages/bff/v1/stream_pb.js";
import type { Permit, Verdict } from "../admission/admission.ts";
import type { AnswerMetadata } from "../admission/answer-metadata.ts";
import type { Limited } from "../admission/limit-uses.ts";
import type { Telemetry } from "../admission/telemetry.ts";
import type { Clock } from "../clock.ts";
import type { Request } from "../compose/request.ts";
import type { Failure } from "../failure.ts";
import type { RestRule } from "../http-rule/rule.ts";
import type { Identity } from "../identity/identity.ts";
import type { IncomingHeaders } from "../identity/incoming.ts";
import type { Observer } from "../observer.ts";
import type { ResponseCaching } from "../response-cache/response-caching.ts";
import type { HttpCaching } from "./http-caching.ts";
import type { Version } from "./version.ts";

/** How one rpc is served. */
export interface EndpointOptions<
  App,
  I extends DescMessage,
  O extends DescMessage,
  C extends DescMessage = O,
  Principal = undefined,
> {
  /** Of the whole response; a client can only shorten it. */
  readonly timeoutMs: number;
  /** How many elements of lists, maps and JSON a request may hold. Default: what the server allows. */
  readonly maxElements?: number | undefined;
  /** Who is asked who is calling. */
  readonly identity?: Identity | undefined;
  /** Who may call. Default, where there is an identity: whoever is known. */
  readonly permit?: Permit<App, MessageShape<I>, Principal> | undefined;
  /** How often callers may. Default: as often as they like. */
  readonly limits?: Limited<App, MessageShape<I>, MessageShape<O>, Principal> | undefined;
  /** Throws the failure of a request that breaks the rules of its messages. Asked before anything else looks into it. */
  readonly validate?: ((args: MessageShape<I>, clock: Clock) => void) | undefined;
  /** Calls to one upstream at a time within one response. Default 10. */
  readonly concurrent?: number | undefined;
  readonly compose: (cx: Request<App, Principal>, args: MessageShape<I>) => Promise<MessageShape<C>>;
  /** Where another message is composed in place of the response: its schema, and how it becomes the response. */
  readonly respond?: { readonly schema: C; readonly as: (composed: MessageShape<C>) => MessageShape<O> } | undefined;
  /** Puts the degradations where the response keeps them. */
  readonly degraded?: ((response: MessageShape<O>, entries: Degradation[]) => void) | undefined;
  /** Puts the names of deferred parts that are in it where the response keeps them. */
  readonly parts?: ((response: MessageShape<O>, arrived: Part[]) => void) | undefined;
  /** How its messages are read and written; default: as protobuf-es does it. */
  readonly codec?: EndpointCodec<MessageShape<I>, MessageShape<O>> | undefined;
  /** What callers are told of the rpc's end. */
  readonly version?: Version | undefined;
  /** Its answers are used again. Only without side effects. */
  readonly cache?: ResponseCaching<App, MessageShape<I>, Principal> | undefined;
  /** What HTTP caches are told of answers over GET. */
  readonly http?: HttpCaching | undefined;
  /** Its paths besides that of the rpc; default: none. */
  readonly rest?: readonly RestRule[] | undefined;
  /** What its requests leave traces of. */
  readonly telemetry?: Telemetry<App, MessageShape<I>, Principal> | undefined;
  readonly clock?: Clock | undefined;
  readonly observer?: Observer | undefined;
}

/** How the messages of an rpc are read and written; generated beside the services. */
export interface EndpointCodec<Req, Res> {
  /** @throws what protobuf-es throws */
  readonly decode: (bytes: Uint8Array) => Req;
  /** The message with gRPC's prefix in front, uncompressed. */
  readonly encode: (message: Res) => Buffer;
}

/** An answer under way. */
export interface Answering {
  /**
   * Nobody waits any more: whatever still runs is stopped, and neither callback is called.
   *
   * @param why as observers are told; default: the client has gone
   */
  cancel(why?: Failure): void;
}

/** One rpc of a BFF service, ready to serve. */
export interface Endpoint {
  readonly method: DescMethodUnary;
  /** For messages of `method.input` and `method.output`; undefined: protobuf-es. */
  readonly codec?: EndpointCodec<Message, Message> | undefined;
  /** How many elements of lists, maps and JSON a request may hold; undefined: what the server allows. */
  readonly maxElements?: number | undefined;
  /** A server sends its headers with every answer, also of requests that it refuses itself; `route` does so, too. */
  readonly version?: Version | undefined;
  /** What HTTP caches are told of answers over GET; undefined: to keep none. */
  readonly http?: HttpCaching | undefined;
  /** Its paths besides that of the rpc; undefined: none. */
  readonly rest?: readonly RestRule[] | undefined;
  /**
   * Who calls, and whether they may; a server asks it before it reads the message, and gives `run` the headers that it gets. Left out where
   * anybody may. It never throws, and a promise never rejects.
   */
  readonly judge?: ((headers: IncomingHeaders) => Verdict | Promise<Verdict>) | undefined;
  /**
   * Composes one answer; exactly one of the callbacks is called, once.
   *
   * @param args a message of `method.input`
   * @param headers what `judge` gave; others are judged first
   * @param clientMs what the client's deadline leaves, if it has one
   * @param done gets a message of `method.output`, and the value of the header `bff-degraded`, "" for none; where it cannot send that, it
   * tells the client and gives the `Failure`, which observers are told, or a promise of it where it is not known yet
   */
  run(
    args: Message,
    headers: IncomingHeaders,
    clientMs: number | undefined,
    done: (response: Message, degraded: string, metadata?: AnswerMetadata) => unknown,
    failed: (failure: Failure, metadata?: AnswerMetadata) => void,
  ): Answering;
  /**
   * Tells observers of a request that a server has refused itself, or whose client has gone, before it was given to `judge` or `run`.
   *
   * @param headers as they came, or as `judge` gave them
   * @param tookMs how long it has been there, in milliseconds
   */
  readonly refused?: ((failure: Failure, headers: IncomingHeaders, tookMs: number) => void) | undefined;
  /** The same on another clock, for tests: `mock/` runs it. Its upstreams, caches and limits have clocks of their own. */
  readonly withClock?: ((clock: Clock) => Endpoint) | undefined;
  /** Adds the rpc to a router of Connect. */
  route(router: ConnectRouter): void;
}

import type { DescMessage, DescMethodUnary, Message, MessageShape } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import type { Degradation } from "@protobff/messages/bff/v1/degradation_pb.js";
import type { Part } from "@protobff/messages/bff/v1/stream_pb.js";
import type { ArrivalCheck, Permit, Verdict } from "../admission/admission.ts";
import type { AnswerMetadata } from "../admission/answer-metadata.ts";
import type { Door } from "../admission/gates.ts";
import type { Limited } from "../admission/limit-uses.ts";
import type { Pages } from "../admission/pages-gate.ts";
import type { Telemetry } from "../admission/telemetry.ts";
import type { Clock } from "../clock.ts";
import type { Request } from "../compose/request.ts";
import type { Failure } from "../failure.ts";
import type { Fairness, ShareRule } from "../guard/limit.ts";
import type { RestRule } from "../http-rule/rule.ts";
import type { Identity } from "../identity/identity.ts";
import type { IncomingHeaders } from "../identity/incoming-request.ts";
import type { Observer } from "../observer.ts";
import type { Priority } from "../observer-requests.ts";
import type { ResponseCaching } from "../response-cache/response-caching.ts";
import type { FieldChoice } from "../selection/masks.ts";
import type { Traffic } from "../wire/traffic.ts";
import type { AnswerHeader } from "./answer-headers.ts";
import type { HttpCaching } from "./http-caching.ts";
import type { Version } from "./version.ts";

/** Options of one RPC's endpoint. */
export interface EndpointOptions<
  App,
  I extends DescMessage,
  O extends DescMessage,
  C extends DescMessage = O,
  Principal = undefined,
> {
  /** Time limit of the whole response, in milliseconds. A client can only shorten it. */
  readonly timeoutMs: number;
  /** Maximum number of elements of lists, maps and JSON in a request. Default: the server's maximum. */
  readonly maxElements?: number | undefined;
  /** Class under overload. Default: `normal`. */
  readonly priority?: Priority | undefined;
  /** Decides the party of each request, in fair queues. Default: all requests are one party. */
  readonly share?: ShareRule<Request<App, Principal>> | undefined;
  /** Host names that the RPC answers on, exact or with `*.` for one or more labels. Default: every host. */
  readonly hosts?: readonly string[] | undefined;
  /** Authentication of callers. */
  readonly identity?: Identity | undefined;
  /** Refuses requests of an RPC without an identity. Its callers are anonymous. */
  readonly guard?: Identity | undefined;
  /** Permission to call. Default with an identity: every known caller. */
  readonly permit?: Permit<App, MessageShape<I>, Principal> | undefined;
  /** Limits of the frequency of calls. Default: none. */
  readonly limits?: Limited<App, MessageShape<I>, MessageShape<O>, Principal> | undefined;
  /**
   * Throws the failure of a request that breaks the rules of its messages. Runs before any other code reads the
   * message.
   */
  readonly validate?: ((args: MessageShape<I>, clock: Clock) => void) | undefined;
  /** Fields that its clients may choose. Default: every answer has all fields. */
  readonly fields?: FieldChoice | undefined;
  /** Page sizes and page tokens of its requests, which are checked after `validate`. */
  readonly pages?: Pages | undefined;
  /** Maximum number of concurrent calls to one upstream within one response. Default: 10. */
  readonly concurrent?: number | undefined;
  readonly compose: (cx: Request<App, Principal>, args: MessageShape<I>) => Promise<MessageShape<C>>;
  /** Another message to compose in place of the response: its schema, and its conversion to the response. */
  readonly respond?: { readonly schema: C; readonly as: (composed: MessageShape<C>) => MessageShape<O> } | undefined;
  /** Adds the degradations to the response. */
  readonly degraded?: ((response: MessageShape<O>, entries: Degradation[]) => void) | undefined;
  /** Adds the names of the deferred parts that it contains to the response. */
  readonly parts?: ((response: MessageShape<O>, arrived: Part[]) => void) | undefined;
  /** Codec of its messages. Default: protobuf-es. */
  readonly codec?: EndpointCodec<MessageShape<I>, MessageShape<O>> | undefined;
  /** Deprecation of the RPC, for its callers. */
  readonly version?: Version | undefined;
  /**
   * Paths of deprecated fields of the request, such as `items[*].sku`; the near ones, if it has many. Requests that set
   * deprecated fields are reported. Undefined: it has none.
   */
  readonly deprecatedFields?: readonly string[] | undefined;
  /** Reuse of its answers. Only without side effects. */
  readonly cache?: ResponseCaching<App, MessageShape<I>, Principal> | undefined;
  /** HTTP caching of answers over GET. */
  readonly http?: HttpCaching | undefined;
  /** Its paths besides that of the RPC; default: none. */
  readonly rest?: readonly RestRule[] | undefined;
  /** Headers of its successful answers. A stream computes them when it opens, without a result. */
  readonly headers?: readonly AnswerHeader<App, MessageShape<I>, MessageShape<O>, Principal>[] | undefined;
  /** Traces of its requests, and counters over them. */
  readonly telemetry?: Telemetry<App, MessageShape<I>, Principal, MessageShape<O>> | undefined;
  readonly clock?: Clock | undefined;
  readonly observer?: Observer | undefined;
}

/** Reads and writes the messages of an RPC; generated beside the services. */
export interface EndpointCodec<Req, Res> {
  /** @throws what protobuf-es throws */
  readonly decode: (bytes: Uint8Array) => Req;
  /** The message with gRPC's prefix in front, uncompressed. */
  readonly encode: (message: Res) => Buffer;
}

/** An answer in progress. */
export interface Answering {
  /**
   * Stops all work that is still running, because its result is no longer needed. Neither callback is called.
   *
   * @param why failure for observers; default: the client has disconnected
   */
  cancel(why?: Failure): void;
}

/** One rpc of a BFF service, ready to serve. */
export interface Endpoint {
  readonly method: DescMethodUnary;
  /** For messages of `method.input` and `method.output`; undefined: protobuf-es. */
  readonly codec?: EndpointCodec<Message, Message> | undefined;
  /** Maximum number of elements of lists, maps and JSON in a request; undefined: the server's maximum. */
  readonly maxElements?: number | undefined;
  /** Class under overload; undefined: `normal`. */
  readonly priority?: Priority | undefined;
  /** Places the server's door before the checks of the RPC's requests, behind those of credentials. */
  readonly behind?: ((door: Door) => void) | undefined;
  /** Decides the order of its requests at the door. Default: first come, first served. */
  readonly share?: { readonly fair: Fairness } | undefined;
  /** Host names that a server compares with those of requests; undefined: every host. */
  readonly hosts?: readonly string[] | undefined;
  /**
   * Headers that a server sends with every answer, even to requests that it refuses itself; `route` sends them, too.
   */
  readonly version?: Version | undefined;
  /** HTTP caching of answers over GET; undefined: no cache may keep them. */
  readonly http?: HttpCaching | undefined;
  /** Its paths besides that of the rpc; undefined: none. */
  readonly rest?: readonly RestRule[] | undefined;
  /** Names of the headers that it computes for its answers, in lower case; undefined: none. */
  readonly headerNames?: readonly string[] | undefined;
  /** Throws the failure of a request that breaks the rules of its messages, as `run` reports it. */
  readonly validate?: ((args: Message) => void) | undefined;
  /**
   * Authenticates the caller and checks its permission. A server calls it before it reads the message, and passes the
   * resulting headers to `run`. Undefined if every caller is admitted. It never throws, and a promise never rejects.
   */
  readonly authenticate?: ((headers: IncomingHeaders) => Verdict | Promise<Verdict>) | undefined;
  /** Verifies the caller's credential alone, for `authenticate`. Undefined if every caller is admitted. */
  readonly identify?: ((headers: IncomingHeaders) => Verdict | Promise<Verdict>) | undefined;
  /** Early limits of its package; undefined: there are none. */
  readonly arrival?: ArrivalCheck | undefined;
  /**
   * Composes one answer; exactly one of the callbacks is called, once.
   *
   * @param args a message of `method.input`
   * @param headers result of `authenticate`; other headers are passed to `authenticate` first
   * @param clientMs rest of the client's deadline, in milliseconds, if it has one
   * @param done receives a message of `method.output`, and the value of the header `bff-degraded`, "" for none. If it
   * cannot send them, it reports that to the client. It then returns the `Failure` for observers, or a promise of it. If
   * it leaves out fields, it returns them as `Degraded`
   */
  run(
    args: Message,
    headers: IncomingHeaders,
    clientMs: number | undefined,
    done: (response: Message, degraded: string, metadata?: AnswerMetadata) => unknown,
    failed: (failure: Failure, metadata?: AnswerMetadata) => void,
  ): Answering;
  /**
   * Reports to observers a request that a server refused itself, or whose client disconnected, before `authenticate` or `run`.
   *
   * @param headers as received, or as `authenticate` returned them
   * @param tookMs time since the request's arrival, in milliseconds
   */
  readonly refused?: ((failure: Failure, headers: IncomingHeaders, tookMs: number) => void) | undefined;
  /** Counts its messages. A server adds to it; undefined: no observer reads it. */
  readonly traffic?: Traffic | undefined;
  /**
   * The same endpoint on another clock, for tests: `mock/` runs it. Its upstreams, caches and limits have separate
   * clocks.
   */
  readonly withClock?: ((clock: Clock) => Endpoint) | undefined;
  /** The same endpoint behind a guard, which counts if the RPC has no identity. */
  readonly withGuard?: ((guard: Identity) => Endpoint) | undefined;
  /** Adds the rpc to a router of Connect. */
  route(router: ConnectRouter): void;
}

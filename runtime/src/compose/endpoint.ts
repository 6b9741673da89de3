import type { DescMessage, DescMethodUnary, Message, MessageShape } from "@bufbuild/protobuf";
import { Code as ConnectCode, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import { type Clock, systemClock } from "../clock.ts";
import { asFailure, type Failure, OVER, timedOut } from "../failure.ts";
import type { Degradation } from "../gen/bff/v1/degradation_pb.ts";
import type { IncomingHeaders } from "../identity/incoming.ts";
import type { Observer, ResponseEvent } from "../observer.ts";
import { degraded as degradedBy } from "./degrade.ts";
import { Exchange } from "./exchange.ts";
import { REACHED } from "./reached.ts";
import { Request } from "./request.ts";
import { assertWritable, holdsRequired } from "./required.ts";

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
  /** Calls to one upstream at a time within one response. Default 10. */
  readonly concurrent?: number | undefined;
  readonly compose: (cx: Request<App, Principal>, args: MessageShape<I>) => Promise<MessageShape<C>>;
  /** Where another message is composed in place of the response: its schema, and how it becomes the response. */
  readonly respond?: { readonly schema: C; readonly as: (composed: MessageShape<C>) => MessageShape<O> } | undefined;
  /** Puts the degradations where the response keeps them. */
  readonly degraded?: ((response: MessageShape<O>, entries: Degradation[]) => void) | undefined;
  /** How its messages are read and written; default: as protobuf-es does it. */
  readonly codec?: EndpointCodec<MessageShape<I>, MessageShape<O>> | undefined;
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
  /** The client has gone: whatever still runs is stopped, and neither callback is called. */
  cancel(): void;
}

/** What goes out beside an answer or a failure: names, in lower case, and values in turn. Answers of compositions have none. */
export interface AnswerMetadata {
  readonly headers: readonly string[];
  /** Of gRPC; Connect has them as headers `trailer-<name>`. */
  readonly trailers: readonly string[];
}

/** One rpc of a BFF service, ready to serve. */
export interface Endpoint {
  readonly method: DescMethodUnary;
  /** For messages of `method.input` and `method.output`; undefined: protobuf-es. */
  readonly codec?: EndpointCodec<Message, Message> | undefined;
  /** How many elements of lists, maps and JSON a request may hold; undefined: what the server allows. */
  readonly maxElements?: number | undefined;
  /**
   * Composes one answer; exactly one of the callbacks is called, once.
   *
   * @param args a message of `method.input`
   * @param clientMs what the client's deadline leaves, if it has one
   * @param done gets a message of `method.output`, and the value of the header `bff-degraded`, "" for none
   */
  run(
    args: Message,
    headers: IncomingHeaders,
    clientMs: number | undefined,
    done: (response: Message, degraded: string, metadata?: AnswerMetadata) => void,
    failed: (failure: Failure, metadata?: AnswerMetadata) => void,
  ): Answering;
  /** Adds the rpc to a router of Connect. */
  route(router: ConnectRouter): void;
}

/** An rpc whose responses `compose` makes. */
export function endpoint<
  App,
  I extends DescMessage,
  O extends DescMessage,
  C extends DescMessage = O,
  Principal = undefined,
>(method: DescMethodUnary<I, O>, app: App, options: EndpointOptions<App, I, O, C, Principal>): Endpoint {
  const served = holdsRequired(method.output) ? writable(method, options) : options;
  const run: Endpoint["run"] = (args, headers, clientMs, done, failed) =>
    answer(method, app, served, args as MessageShape<I>, headers, clientMs, done, failed);
  // Of other messages nobody can make use.
  const codec = options.codec as EndpointCodec<Message, Message> | undefined;
  return { method, codec, maxElements: options.maxElements, run, route: routeOf(method, run) };
}

/** The same, where an answer that lacks a required field fails: what writes it would tell the client which. */
function writable<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal>(
  method: DescMethodUnary<I, O>,
  options: EndpointOptions<App, I, O, C, Principal>,
): EndpointOptions<App, I, O, C, Principal> {
  const { compose, respond } = options;
  if (respond !== undefined) {
    const as = (composed: MessageShape<C>): MessageShape<O> => {
      const response = respond.as(composed);
      assertWritable(method.output, response);
      return response;
    };
    return { ...options, respond: { ...respond, as } };
  }
  const composed: typeof compose = async (cx, args) => {
    const response = await compose(cx, args);
    assertWritable(method.output, response as unknown as MessageShape<O>);
    return response;
  };
  return { ...options, compose: composed };
}

/** An endpoint's `route`, made from its `run`. */
export function routeOf(method: DescMethodUnary, run: Endpoint["run"]): Endpoint["route"] {
  const handler = (args: Message, context: HandlerContext): Promise<Message> => handle(run, args, context);
  // The shapes are those of `method`; only the generic signature of Connect cannot see it.
  return (router) => void router.rpc(method, handler as never);
}

function answer<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal>(
  method: DescMethodUnary<I, O>,
  app: App,
  options: EndpointOptions<App, I, O, C, Principal>,
  args: MessageShape<I>,
  headers: IncomingHeaders,
  clientMs: number | undefined,
  done: (response: MessageShape<O>, degraded: string) => void,
  failed: (failure: Failure) => void,
): Answering {
  const { timeoutMs: methodMs, concurrent = 10, compose, respond, degraded, clock = systemClock, observer } = options;
  if (clientMs !== undefined && clientMs <= 0) {
    failed(timedOut("", "arrived with no time left"));
    return GONE;
  }
  const startedAt = clock.now();
  const fail = (failure: Failure): void => {
    failed(failure);
    observe({ ok: false, failure });
  };
  const exchange = new Exchange({ clock, headers, methodMs, clientMs, concurrent, observer, failed: fail });
  const cx = new Request<App, Principal>(app, exchange);
  const observe = (outcome: ResponseEvent["outcome"]): void =>
    observer?.response?.({
      request: cx,
      header: (name) => exchange.header(name),
      method: `${method.parent.typeName}/${method.name}`,
      startedAt,
      endedAt: clock.now(),
      outcome,
    });
  const finish = (message: MessageShape<C>): void => {
    if (exchange.over) return;
    // Without `respond` what is composed is the response.
    const response = respond === undefined ? (message as unknown as MessageShape<O>) : respond.as(message);
    const found =
      exchange.causes && degradedBy(respond?.schema ?? method.output, message, exchange.causes.touches, method.output);
    if (found !== undefined) degraded?.(response, found.entries);
    exchange.end();
    done(response, found?.header ?? "");
    observe({ ok: true, degraded: found?.entries ?? NONE, failures: found?.failures ?? NONE });
  };
  const composed = async (): Promise<void> => {
    try {
      const response = await compose(cx, args);
      await exchange.settled();
      finish(response);
    } catch (thrown) {
      exchange.scope.fail(asFailure(thrown));
    }
  };
  void composed();
  return {
    cancel: () => {
      if (exchange.over) return;
      exchange.end();
      observe({ ok: false, failure: OVER });
    },
  };
}
const GONE: Answering = { cancel: () => {} };
const NONE: readonly never[] = [];

/** Serves one request of Connect's. */
function handle(run: Endpoint["run"], args: Message, context: HandlerContext): Promise<Message> {
  const { promise, resolve, reject } = Promise.withResolvers<Message>();
  const { signal } = context;
  context.values.set(REACHED, true);
  let ended = false;
  const end = (): void => {
    ended = true;
    signal.removeEventListener("abort", gone);
  };
  const gone = (): void => {
    answering.cancel();
    reject(ConnectError.from(signal.reason ?? OVER.clientMessage, ConnectCode.Canceled));
  };
  const answering = run(
    args,
    context.requestHeader,
    context.timeoutMs(),
    (response, degraded, metadata) => {
      end();
      add(metadata, context);
      if (degraded !== "") context.responseHeader.set("bff-degraded", degraded);
      resolve(response);
    },
    (failure, metadata) => {
      end();
      add(metadata, context);
      reject(connectError(failure));
    },
  );
  if (signal.aborted) gone();
  else if (!ended) signal.addEventListener("abort", gone, { once: true });
  return promise;
}

function add(metadata: AnswerMetadata | undefined, context: HandlerContext): void {
  if (metadata === undefined) return;
  append(metadata.headers, context.responseHeader);
  append(metadata.trailers, context.responseTrailer);
}
function append(pairs: readonly string[], to: Headers): void {
  for (let i = 0; i + 1 < pairs.length; i += 2) to.append(pairs[i] ?? "", pairs[i + 1] ?? "");
}

/** A failure as clients see it. */
export function connectError(failure: Failure): ConnectError {
  const metadata = failure.pushback ? { "grpc-retry-pushback-ms": "-1" } : undefined;
  const error = new ConnectError(failure.clientMessage, failure.clientCode as ConnectCode, metadata);
  error.details = failure.details.map((detail) => ({ ...detail }));
  return error;
}

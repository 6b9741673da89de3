import type { DescMessage, DescMethodUnary, Message, MessageShape } from "@bufbuild/protobuf";
import { Code as ConnectCode, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import { type Clock, systemClock } from "../clock.ts";
import { asFailure, type Failure, OVER, timedOut } from "../failure.ts";
import type { Degradation } from "../gen/bff/v1/degradation_pb.ts";
import type { Identity } from "../identity/identity.ts";
import type { IncomingHeaders } from "../identity/incoming.ts";
import { Judged } from "../identity/judged.ts";
import { type Observer, type ResponseEvent, usedBy } from "../observer.ts";
import type { RestRule } from "../rest/rule.ts";
import { Admission, type Admits, beside, Denied, type Permit, type Verdict } from "./admission.ts";
import { type AnswerMetadata, asStale, withHeaders } from "./answer-metadata.ts";
import { concluded, responseCacheOf, reusing } from "./cached-endpoint.ts";
import { connectError } from "./connect-error.ts";
import type { Degraded } from "./degrade.ts";
import { EarlyLimits } from "./early-limits.ts";
import { Exchange } from "./exchange.ts";
import { type Gate, permitGate, rulesGate } from "./gates.ts";
import type { HttpCaching } from "./http-caching.ts";
import { addJudged, INCOMING, JUDGED } from "./judged-handler.ts";
import type { Limited } from "./limited.ts";
import { limitsGate } from "./limits-gate.ts";
import { REACHED, STALE } from "./reached.ts";
import { Request } from "./request.ts";
import { assertWritable, holdsRequired } from "./required.ts";
import type { Asker, ResponseCache, ResponseCaching } from "./response-cache.ts";
import { addVersioned, type Version } from "./version.ts";

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
  const gates = gatesOf(method, options);
  const answers = options.cache && responseCacheOf(method, options.cache, served);
  const composed: Endpoint["run"] = (args, headers, clientMs, done, failed) =>
    answer({ method, app, gates, answers, options: served }, args as MessageShape<I>, headers, clientMs, done, failed);
  // Of other messages nobody can make use.
  const own = options.codec as EndpointCodec<Message, Message> | undefined;
  const codec = answers === undefined ? own : reusing(method, own, answers);
  const { maxElements, http, version, rest } = options;
  const told = { method, codec, maxElements, http, version, rest };
  const admission = admissionOf(method, app, options);
  if (admission === undefined) return { ...told, run: composed, route: versioned(version, routeOf(method, composed)) };
  const run = judgedFirst(admission, options.clock ?? systemClock, composed);
  const judge: Endpoint["judge"] = (headers) => admission.judge(headers);
  const plain = routeOf(method, run);
  const route: Endpoint["route"] = (router) => addJudged(router, admission, () => plain(router));
  return { ...told, judge, run, route: versioned(version, route) };
}

function versioned(version: Version | undefined, route: Endpoint["route"]): Endpoint["route"] {
  if (version === undefined) return route;
  return (router) => addVersioned(router, version.headers, () => route(router));
}

function admissionOf<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal>(
  method: DescMethodUnary<I, O>,
  app: App,
  options: EndpointOptions<App, I, O, C, Principal>,
): Admits | undefined {
  const { limits, identity, version, clock = systemClock, observer } = options;
  const admission = judgingOf(method, options);
  if (limits?.early === undefined || limits.early.length === 0) return admission;
  const { counters, early } = limits;
  const hidden = identity?.hidden ?? new Set();
  const { deprecation } = version ?? {};
  const parts = { app, counters, early, admission, hidden, deprecation };
  return new EarlyLimits({ ...parts, method: nameOf(method), clock, observer });
}

function judgingOf<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal>(
  method: DescMethodUnary<I, O>,
  { identity, permit, timeoutMs, version, clock = systemClock, observer }: EndpointOptions<App, I, O, C, Principal>,
): Admission | undefined {
  const name = nameOf(method);
  const { deprecation } = version ?? {};
  if (identity !== undefined)
    return new Admission({ identity, permit: permit ?? {}, method: name, timeoutMs, deprecation, clock, observer });
  // Else a server of one's own that forgets it would let anybody in.
  if (permit !== undefined) throw new TypeError(`${name} has a permit, and no identity to judge by`);
  return undefined;
}

/** What a request passes once its message has been read, in this order. */
function gatesOf<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal>(
  method: DescMethodUnary<I, O>,
  { permit, validate, limits, clock = systemClock, observer }: EndpointOptions<App, I, O, C, Principal>,
): readonly Gate<App, MessageShape<I>, Principal>[] {
  const parts = { method: nameOf(method), clock, observer };
  const { counters, late = [] } = limits ?? {};
  return [
    ...(validate === undefined ? [] : [rulesGate(validate, clock)]),
    ...(permit?.judge === undefined ? [] : [permitGate(permit.judge, parts)]),
    ...(counters === undefined || late.length === 0 ? [] : [limitsGate({ ...parts, counters, late })]),
    ...(permit?.decide === undefined ? [] : [permitGate(permit.decide, parts)]),
  ];
}

const nameOf = (method: DescMethodUnary): string => `${method.parent.typeName}/${method.name}`;

/** A request whose headers nobody has judged yet, of a server that has not asked `judge`, is judged here. */
function judgedFirst(admission: Admits, clock: Clock, run: Endpoint["run"]): Endpoint["run"] {
  return (args, headers, clientMs, done, failed) => {
    const startedAt = clock.now();
    let answering: Answering | undefined;
    let gone = false;
    const begin = (verdict: Verdict): Answering => {
      if (verdict instanceof Denied) {
        failed(verdict.failure, verdict.metadata);
        return GONE;
      }
      const leftMs = clientMs === undefined ? undefined : clientMs - (clock.now() - startedAt);
      return run(args, verdict, leftMs, done, failed);
    };
    const verdict = admission.judge(headers);
    if (!(verdict instanceof Promise)) return begin(verdict);
    verdict
      .then((found) => {
        if (!gone) answering = begin(found);
      })
      .catch((thrown: unknown) => failed(asFailure(thrown)));
    return {
      cancel: () => {
        gone = true;
        answering?.cancel();
      },
    };
  };
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

/** One rpc, and what stands before it. */
interface Answered<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal> {
  readonly method: DescMethodUnary<I, O>;
  readonly app: App;
  readonly gates: readonly Gate<App, MessageShape<I>, Principal>[];
  readonly answers: ResponseCache<App, MessageShape<I>, Principal> | undefined;
  readonly options: EndpointOptions<App, I, O, C, Principal>;
}

function answer<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal>(
  { method, app, gates, answers, options }: Answered<App, I, O, C, Principal>,
  args: MessageShape<I>,
  headers: IncomingHeaders,
  clientMs: number | undefined,
  done: (response: MessageShape<O>, degraded: string, metadata?: AnswerMetadata) => void,
  failed: (failure: Failure, metadata?: AnswerMetadata) => void,
): Answering {
  const { timeoutMs: methodMs, concurrent = 10, version, clock = systemClock, observer } = options;
  const judged = headers instanceof Judged ? headers : undefined;
  const metadata = judged && beside(judged);
  const leftMs = judged === undefined || judged.tookMs === 0 ? clientMs : leftOf(methodMs - judged.tookMs, clientMs);
  if (leftMs !== undefined && leftMs <= 0) {
    failed(timedOut("", "arrived with no time left"), metadata);
    return GONE;
  }
  const startedAt = clock.now();
  let gate = gates[0];
  const fail = (thrown: Failure): void => {
    const failure = gate?.told === undefined ? thrown : gate.told(thrown);
    failed(failure, withHeaders(metadata, failure.headers));
    gate?.refused?.(failure, judged);
    if (!exchange.sent) exchange.refund();
    observe({ ok: false, failure });
  };
  const given = { headers, judged, clock, observer };
  const exchange = new Exchange({ ...given, methodMs, clientMs: leftMs, concurrent, failed: fail });
  const cx = new Request<App, Principal>(app, exchange);
  const observe = (outcome: ResponseEvent["outcome"]): void =>
    observer?.response?.({
      request: cx,
      header: (name) => exchange.header(name),
      method: nameOf(method),
      startedAt,
      endedAt: clock.now(),
      outcome,
      deprecated: version?.deprecation && usedBy(version.deprecation, judged?.caller?.credential),
    });
  const deliver = (response: MessageShape<O>, found: Degraded | undefined, stale: boolean): void => {
    if (exchange.over) return;
    exchange.end();
    done(response, found?.header ?? "", stale ? asStale(metadata) : metadata);
    observe({ ok: true, degraded: found?.entries ?? NONE, failures: found?.failures ?? NONE });
    exchange.charged?.answered(response);
  };
  const composed = async (): Promise<void> => {
    try {
      for (let i = 0; gate !== undefined; gate = gates[++i]) {
        const passing = gate.pass(cx, args);
        if (passing !== undefined) await passing;
        if (exchange.over) return; // refused, or nobody waits any more: nothing is composed
      }
      if (answers !== undefined) {
        const admitted = options.cache?.admit?.(cx, args);
        if (admitted !== undefined) await admitted;
        if (!exchange.over) answers.serve(askerOf(cx, args, deliver));
        return;
      }
      const message = await options.compose(cx, args);
      await exchange.settled();
      if (exchange.over) return;
      const { response, found } = concluded(method, options, message, exchange);
      deliver(response, found, exchange.stale);
    } catch (thrown) {
      exchange.scope.fail(asFailure(thrown));
    }
  };
  void composed();
  return {
    cancel: () => {
      if (exchange.over) return;
      exchange.end();
      if (!exchange.sent) exchange.refund();
      observe({ ok: false, failure: OVER });
    },
  };
}

function askerOf<App, Args extends Message, Principal, Res extends Message>(
  cx: Request<App, Principal>,
  args: Args,
  deliver: (response: Res, found: Degraded | undefined, stale: boolean) => void,
): Asker<App, Args, Principal> {
  const { marginMs } = cx.exchange;
  return {
    ...{ cx, args, marginMs },
    // The cache knows its messages as the rpc's.
    answered: ({ response, degraded, stale, reused }) => {
      // What it has cost others have paid.
      if (reused) cx.exchange.refund();
      deliver(response as Res, degraded, stale);
    },
  };
}

const leftOf = (ownMs: number, clientMs = Number.POSITIVE_INFINITY): number => Math.min(ownMs, clientMs);
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
    context.values.get(JUDGED) ?? context.values.get(INCOMING) ?? context.requestHeader,
    context.timeoutMs(),
    (response, degraded, metadata) => {
      end();
      add(metadata, context);
      if (metadata?.stale === true) context.values.set(STALE, true);
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

import type { DescMessage, DescMethodServerStreaming, MessageShape } from "@bufbuild/protobuf";
import { type Clock, systemClock } from "../clock.ts";
import type { Request } from "../compose/request.ts";
import type { Identity } from "../identity/identity.ts";
import { ResponseKeys } from "../response-cache/response-key.ts";
import { Masks } from "../selection/masks.ts";
import { streamEndpoint } from "../stream/endpoint.ts";
import type { StreamEndpoint } from "../stream/stream-endpoint.ts";
import type { ComposedItem } from "../stream/stream-options.ts";
import { KeptBytes } from "./kept-answers.ts";
import { LiveAnswer } from "./live-answer.ts";
import type { LiveOptions } from "./live-options.ts";
import { LivePace } from "./live-pace.ts";
import { LiveSource } from "./live-source.ts";
import { LiveTurns } from "./live-turns.ts";

/** Kept answers of all live answers of this process. */
const pool = new KeptBytes();
/** Turns of all live answers of this process. */
const turns = new LiveTurns(systemClock);

/**
 * Returns a server-streaming RPC whose first message is an answer. Each later message is the new answer, after
 * something behind it has changed.
 *
 * @example
 * const watchOrder = liveEndpoint(OrderService.method.watchOrder, app, {
 *   timeoutMs: 2_000,
 *   compose: composeOrderPage,
 *   live: {
 *     calls: [app.getOrder],
 *     on: [{ tag: (_cx, args) => ["order:", args.orderId], runs: [app.getOrder] }],
 *     minIntervalMs: 1_000,
 *     jitter: 0.1,
 *   },
 * });
 */
export function liveEndpoint<
  App,
  I extends DescMessage,
  O extends DescMessage,
  C extends DescMessage = O,
  Principal = undefined,
>(method: DescMethodServerStreaming<I, O>, app: App, options: LiveOptions<App, I, O, C, Principal>): StreamEndpoint {
  const { clock = systemClock, live, ...others } = options;
  // One cache has the answers of all upstreams, and so the purges.
  const purges = live.calls.find(({ upstream }) => upstream.cache.purges !== undefined)?.upstream.cache.purges;
  const parts = {
    method,
    options,
    clock,
    purges,
    pool,
    turns: clock === systemClock ? turns : new LiveTurns(clock),
    pace: new LivePace(clock),
  };
  const key = keyOf(method, options);
  const answers = new Map<string, LiveAnswer<App, I, O, C, Principal>>();
  const answerOf = (cx: Request<App, Principal>, args: MessageShape<I>): LiveAnswer<App, I, O, C, Principal> => {
    if (key === undefined) return new LiveAnswer(parts, () => undefined);
    const name = key(cx, args);
    const answer = answers.get(name) ?? new LiveAnswer(parts, () => answers.delete(name));
    answers.set(name, answer);
    return answer;
  };
  const sources = new WeakMap<object, LiveSource<App, I, O, C, Principal>>();
  const endpoint = streamEndpoint<App, I, O, undefined, ComposedItem<MessageShape<O>>, C, Principal>(method, app, {
    ...others,
    clock,
    source: (cx, args, _opened, resume, items) => {
      const source = new LiveSource(parts, answerOf(cx, args), { cx, args, resume, items });
      sources.set(cx, source);
      return source.begin();
    },
    composed: (item) => item,
    recheck: (cx) =>
      sources
        .get(cx)
        ?.permitted()
        .catch(() => undefined), // an outage is no refusal; no message follows meanwhile
    // A slow client gets the newest answer when it reads again, which is composed then.
    ahead: 1,
    overflow: "fail",
  });
  return {
    ...endpoint,
    incomparable: "its later messages follow purges, which no capture has",
    keeps: (maxBytes) => {
      pool.most = maxBytes;
    },
    withClock: (clock: Clock) => liveEndpoint(method, app, { ...options, clock }),
    withGuard: (guard: Identity) => liveEndpoint(method, app, { ...options, guard }),
  };
}

/** Returns the key of an answer: equal only for followers that receive the same versions. */
function keyOf<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal>(
  { input, output, parent, name }: DescMethodServerStreaming<I, O>,
  { live, fields, identity }: LiveOptions<App, I, O, C, Principal>,
): ((cx: Request<App, Principal>, args: MessageShape<I>) => string) | undefined {
  if (live.shared === undefined) return undefined;
  const masks = fields && new Masks(input, output, fields);
  const types = { input, principal: identity?.type, masks };
  const keys = new ResponseKeys<App, MessageShape<I>, Principal>(`${parent.typeName}/${name}`, types, live.shared);
  if (masks === undefined) return (cx, args) => keys.of(cx, args);
  return (cx, args) => `${keys.of(cx, args)} ${masks.keyOf(cx.exchange.gates.chosen.shown)}`;
}

import type { DescMessage, DescMethodServerStreaming, MessageShape } from "@bufbuild/protobuf";
import { type Clock, systemClock } from "../clock.ts";
import type { Identity } from "../identity/identity.ts";
import { streamEndpoint } from "../stream/endpoint.ts";
import type { StreamEndpoint } from "../stream/stream-endpoint.ts";
import type { ComposedItem } from "../stream/stream-options.ts";
import { KeptBytes } from "./kept-answers.ts";
import type { LiveOptions } from "./live-options.ts";
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
  const parts = { method, options, clock, purges, pool, turns: clock === systemClock ? turns : new LiveTurns(clock) };
  const sources = new WeakMap<object, LiveSource<App, I, O, C, Principal>>();
  const endpoint = streamEndpoint<App, I, O, undefined, ComposedItem<MessageShape<O>>, C, Principal>(method, app, {
    ...others,
    clock,
    source: (cx, args, _opened, resume, items) => {
      const source = new LiveSource(parts, { cx, args, resume, items });
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

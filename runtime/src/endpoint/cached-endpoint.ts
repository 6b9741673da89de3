// Endpoint of an RPC whose answers are reused.
import { type DescMessage, type DescMethodUnary, type Message, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { systemClock } from "../clock.ts";
import { type Degraded, degraded as degradedBy } from "../compose/degrade.ts";
import { Exchange } from "../compose/exchange.ts";
import { partsOf } from "../compose/parts.ts";
import { ResponseCache } from "../response-cache/response-cache.ts";
import type { ResponseCaching } from "../response-cache/response-caching.ts";
import type { ResponseComposer } from "../response-cache/response-fetch.ts";
import { ResponseKeys } from "../response-cache/response-key.ts";
import { pruned } from "../selection/prune.ts";
import { frame, PREFIX_BYTES } from "../wire/frame.ts";
import { readMessage } from "../wire/reader.ts";
import type { AnswerHeaders } from "./answer-headers.ts";
import type { EndpointCodec, EndpointOptions } from "./endpoint-options.ts";
import type { ServedMethod } from "./front.ts";
import type { OpeningOptions } from "./opening.ts";

/** Converts a composed message to the response for clients, with its degradations. */
export function concludeResponse<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal>(
  method: ServedMethod<I, O>,
  { respond, degraded, parts }: Pick<EndpointOptions<App, I, O, C, Principal>, "respond" | "degraded" | "parts">,
  message: MessageShape<C>,
  { causes, parts: deferred, gates: { chosen } }: Exchange,
): { readonly response: MessageShape<O>; readonly found: Degraded | undefined } {
  // Without `respond`, the composed message is the response.
  const whole = respond === undefined ? (message as unknown as MessageShape<O>) : respond.as(message);
  const response = pruned(method.output, whole, chosen.composed);
  const composed = respond?.schema ?? method.output;
  const found = causes && degradedBy(composed, message, causes.touches, method.output, chosen.shown);
  if (found !== undefined) degraded?.(response, found.entries);
  if (deferred !== undefined)
    parts?.(response, partsOf(deferred.arrived, message, composed, method.output, chosen.shown));
  return { response, found };
}

/** Returns the response cache of an RPC that declares one. */
export function responseCacheOf<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal>(
  method: DescMethodUnary<I, O>,
  caching: ResponseCaching<App, MessageShape<I>, Principal>,
  options: EndpointOptions<App, I, O, C, Principal>,
  { headers, masks }: Pick<OpeningOptions<App, MessageShape<I>, Principal>, "headers" | "masks">,
): ResponseCache<App, MessageShape<I>, Principal> {
  const { identity, clock = systemClock, observer } = options;
  const service = method.parent.typeName;
  const name = `${service}/${method.name}`;
  const types = { input: method.input, principal: identity?.type, masks };
  return new ResponseCache(caching, {
    service,
    method: name,
    clock,
    observer,
    cdn: options.http?.tag === true,
    keys: new ResponseKeys(name, types, caching),
    composing: composingOf(method, options, headers),
  });
}

function composingOf<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal>(
  method: DescMethodUnary<I, O>,
  options: EndpointOptions<App, I, O, C, Principal>,
  answerHeaders: AnswerHeaders<App, MessageShape<I>, Principal> | undefined,
): ResponseComposer<App, MessageShape<I>, Principal> {
  const { timeoutMs: methodMs, concurrent = 10, clock = systemClock, observer } = options;
  const codec = options.codec as EndpointCodec<Message, Message> | undefined;
  const encode = codec?.encode ?? ((response) => frame(toBinary(method.output, response as MessageShape<O>)));
  return {
    begin({ exchange: of }, fetch, failed) {
      const common = { headers: of.headers, clock, observer, fetch, of, failed };
      const exchange = new Exchange({ ...common, methodMs, clientMs: undefined, concurrent });
      // The fetch uses the branches in its cache key.
      if (options.cache?.ways !== undefined)
        for (const [upstream, side] of of.calls.sides) exchange.calls.sides.set(upstream, side);
      return exchange;
    },
    async compose(cx, args) {
      const { exchange } = cx;
      const message = await options.compose(cx, args);
      if (exchange.parts !== undefined) await exchange.parts.all();
      await exchange.settled();
      if (exchange.over) return undefined;
      const { response, found } = concludeResponse(method, options, message, exchange);
      const headers = answerHeaders?.of(cx, args, response) ?? NONE;
      return { response, degraded: found, headers, whole: exchange.causes === undefined && !exchange.calls.stale };
    },
    encode: ({ response, headers }) => answerHeaders?.stored(encode(response), headers) ?? encode(response),
    decode: (stored) => {
      const { framed, headers } = answerHeaders?.restored(stored) ?? { framed: stored, headers: NONE };
      return { response: readMessage(method.output, framed.subarray(PREFIX_BYTES)), framed, headers };
    },
  };
}

const NONE: readonly never[] = [];

/** Reads and writes messages as before; answers from the cache are already encoded. */
export function reusing(
  method: DescMethodUnary,
  codec: EndpointCodec<Message, Message> | undefined,
  cache: Pick<ResponseCache<never, never, never>, "encoded">,
): EndpointCodec<Message, Message> {
  const decode = codec?.decode ?? ((bytes) => readMessage(method.input, bytes));
  const encode = codec?.encode ?? ((message) => frame(toBinary(method.output, message)));
  return { decode, encode: (message) => cache.encoded(message) ?? encode(message) };
}

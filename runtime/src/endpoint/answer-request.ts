import type { DescMessage, DescMethodUnary, Message, MessageShape } from "@bufbuild/protobuf";
import { type AnswerMetadata, asStale } from "../admission/answer-metadata.ts";
import type { Degraded } from "../compose/degrade.ts";
import type { Request } from "../compose/request.ts";
import { asFailure, Failure, OVER } from "../failure.ts";
import type { IncomingHeaders } from "../identity/incoming-request.ts";
import type { ResponseCache } from "../response-cache/response-cache.ts";
import type { ResponseConsumer } from "../response-cache/response-caching.ts";
import { concludeResponse } from "./cached-endpoint.ts";
import type { Answering, EndpointOptions } from "./endpoint-options.ts";
import { GONE } from "./front.ts";
import { Opening, type OpeningOptions } from "./opening.ts";

/** One RPC, and the checks that precede it. */
export interface ServedRpc<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal> {
  readonly method: DescMethodUnary<I, O>;
  readonly opening: OpeningOptions<App, MessageShape<I>, Principal>;
  readonly answers: ResponseCache<App, MessageShape<I>, Principal> | undefined;
  readonly options: EndpointOptions<App, I, O, C, Principal>;
}

export function answerRequest<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal>(
  { method, opening: parts, answers, options }: ServedRpc<App, I, O, C, Principal>,
  args: MessageShape<I>,
  headers: IncomingHeaders,
  clientMs: number | undefined,
  done: (response: MessageShape<O>, degraded: string, metadata?: AnswerMetadata) => unknown,
  failed: (failure: Failure, metadata?: AnswerMetadata) => void,
): Answering {
  const opening = Opening.begin(parts, args, headers, clientMs, failed);
  if (opening === undefined) return GONE;
  const { cx, exchange } = opening;
  const deliver = (response: MessageShape<O>, found: Degraded | undefined, stale: boolean): void => {
    if (exchange.over) return;
    exchange.end();
    const unsent = done(response, found?.header ?? "", stale ? asStale(opening.metadata) : opening.metadata);
    if (unsent instanceof Promise) void unsent.then((failure) => sent(response, found, failure));
    else sent(response, found, unsent);
  };
  const sent = (response: MessageShape<O>, found: Degraded | undefined, unsent: unknown): void => {
    if (unsent instanceof Failure) {
      if (!exchange.sent) exchange.refund();
      opening.observe({ ok: false, failure: unsent });
      return;
    }
    opening.observe({ ok: true, degraded: found?.entries ?? NONE, failures: found?.failures ?? NONE });
    exchange.charged?.answered(response);
  };
  const composed = async (): Promise<void> => {
    try {
      const passing = opening.passes();
      if (!(passing instanceof Promise ? await passing : passing)) return;
      if (answers !== undefined) {
        const admitted = options.cache?.admit?.(cx, args);
        if (admitted !== undefined) await admitted;
        if (!exchange.over) answers.serve(askerOf(cx, args, deliver));
        return;
      }
      const message = await options.compose(cx, args);
      if (exchange.parts !== undefined) await exchange.parts.all();
      await exchange.settled();
      if (exchange.over) return;
      const { response, found } = concludeResponse(method, options, message, exchange);
      deliver(response, found, exchange.stale);
    } catch (thrown) {
      exchange.scope.fail(asFailure(thrown));
    }
  };
  void composed();
  return { cancel: (why = OVER) => opening.leave(why) };
}

function askerOf<App, Args extends Message, Principal, Res extends Message>(
  cx: Request<App, Principal>,
  args: Args,
  deliver: (response: Res, found: Degraded | undefined, stale: boolean) => void,
): ResponseConsumer<App, Args, Principal> {
  const { marginMs } = cx.exchange;
  return {
    cx,
    args,
    marginMs,
    // The cache holds only messages of this RPC.
    answered: ({ response, degraded, stale, reused }) => {
      // The request that composed a reused answer has paid for it.
      if (reused) cx.exchange.refund();
      deliver(response as Res, degraded, stale);
    },
  };
}

const NONE: readonly never[] = [];

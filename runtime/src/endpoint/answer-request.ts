import type { DescMessage, DescMethodUnary, Message, MessageShape } from "@bufbuild/protobuf";
import { type AnswerMetadata, asStale, withDeclared, withTags } from "../admission/answer-metadata.ts";
import { bothDegraded, type Degraded } from "../compose/degrade.ts";
import type { Request } from "../compose/request.ts";
import { asFailure, Failure, OVER } from "../failure.ts";
import type { IncomingHeaders } from "../identity/incoming-request.ts";
import type { ResponseCache } from "../response-cache/response-cache.ts";
import type { CachedResponse, ResponseConsumer } from "../response-cache/response-caching.ts";
import { asShown } from "../selection/prune.ts";
import { concludeResponse } from "./cached-endpoint.ts";
import type { Answering, EndpointOptions } from "./endpoint-options.ts";
import { GONE } from "./front.ts";
import { Opening, type OpeningOptions } from "./opening.ts";

/** One RPC, and the checks that precede it. */
interface ServedRpc<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal> {
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
  const deliver: Deliver<MessageShape<O>> = (response, { degraded: found, stale, cdn, reused, headers }) => {
    if (exchange.over) return;
    exchange.end();
    const metadata = withTags(withDeclared(stale ? asStale(opening.metadata) : opening.metadata, headers), cdn);
    const unsent = done(asShown(method.output, response, exchange.gates.chosen), found?.header ?? "", metadata);
    if (unsent instanceof Promise) void unsent.then((failure) => sent(response, found, reused, failure));
    else sent(response, found, reused, unsent);
  };
  const sent = (response: MessageShape<O>, found: Degraded | undefined, reused: boolean, unsent: unknown): void => {
    if (unsent instanceof Failure) {
      exchange.gates.discharge(exchange.calls.sent);
      opening.observe({ ok: false, failure: unsent });
      return;
    }
    if (!reused) opening.answered(response);
    const all = bothDegraded(found, unsent as Degraded | undefined);
    opening.observe({ ok: true, degraded: all?.entries ?? NONE, failures: all?.failures ?? NONE });
    exchange.gates.charged?.answered(response);
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
      const headers = parts.headers?.of(cx, args, response) ?? NONE;
      deliver(response, { degraded: found, stale: exchange.calls.stale, reused: false, headers });
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
  deliver: Deliver<Res>,
): ResponseConsumer<App, Args, Principal> {
  const { marginMs } = cx.exchange.budget;
  return {
    cx,
    args,
    marginMs,
    // The cache holds only messages of this RPC.
    answered: (answer) => {
      // The request that composed a reused answer has paid for it.
      if (answer.reused) cx.exchange.gates.refund();
      deliver(answer.response as Res, answer);
    },
  };
}

/** Sends a response, which may be stale, or composed for another request. */
type Deliver<Res> = (
  response: Res,
  answer: Pick<CachedResponse, "degraded" | "stale" | "cdn" | "reused" | "headers">,
) => void;

const NONE: readonly never[] = [];

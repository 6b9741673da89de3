// One item of a stream: a request of its own, and what is made of it.
import { create, type DescMessage, type DescMethodServerStreaming, type MessageShape } from "@bufbuild/protobuf";
import { PositionSchema } from "@protobff/messages/bff/v1/stream_pb.js";
import type { Clock } from "../clock.ts";
import { Exchange } from "../compose/exchange.ts";
import type { Request } from "../compose/request.ts";
import { concludeResponse } from "../endpoint/cached-endpoint.ts";
import type { OpeningOptions } from "../endpoint/opening.ts";
import { assertWritable } from "../endpoint/required-fields.ts";
import { asFailure, type Failure } from "../failure.ts";
import type { QueuedItem } from "./item-queue.ts";
import type { StreamOptions } from "./stream-options.ts";

/** What the followers of one rpc have in common. */
export interface FollowParts<
  App,
  I extends DescMessage,
  O extends DescMessage,
  Opened,
  Item,
  C extends DescMessage,
  Principal,
> {
  readonly method: DescMethodServerStreaming<I, O>;
  readonly clock: Clock;
  readonly opening: OpeningOptions<App, MessageShape<I>, Principal>;
  readonly options: StreamOptions<App, I, O, Opened, Item, C, Principal>;
  /** Whether an answer may lack what it must have. */
  readonly required: boolean;
  /** Whether there may be a message with nothing but a position. */
  readonly stamps: boolean;
  /** After so long without a message there is one that says only that; Infinity: never. */
  readonly heartbeatMs: number;
}

/**
 * @param of the stream's opening
 * @param leftMs what the client's deadline leaves, if it has one
 * @param failed is told at most once, and not when the slot was stopped before
 */
export function requestFor<
  App,
  I extends DescMessage,
  O extends DescMessage,
  Opened,
  Item,
  C extends DescMessage,
  Principal,
>(
  { clock, opening, options }: FollowParts<App, I, O, Opened, Item, C, Principal>,
  of: Request<App, Principal>,
  slot: QueuedItem<Item>,
  leftMs: number | undefined,
  failed: (failure: Failure) => void,
): Request<App, Principal> {
  const { exchange: after } = of;
  const { headers, judged, observer } = after;
  const { timeoutMs: methodMs } = options;
  const { concurrent } = opening;
  const given = { clock, headers, judged, observer, after, methodMs, concurrent };
  slot.exchange = new Exchange({ ...given, clientMs: leftMs, failed });
  return of.within(slot.exchange);
}

/** @returns whether there is a message; never rejects: what goes wrong fails the request */
export async function composeItem<
  App,
  I extends DescMessage,
  O extends DescMessage,
  Opened,
  Item,
  C extends DescMessage,
  Principal,
>(
  { method, options, required }: FollowParts<App, I, O, Opened, Item, C, Principal>,
  cx: Request<App, Principal>,
  args: MessageShape<I>,
  slot: QueuedItem<Item>,
  opened: Opened,
): Promise<boolean> {
  const { exchange } = cx;
  try {
    const message = await options.compose(cx, args, slot.item, opened);
    if (exchange.parts !== undefined) await exchange.parts.all();
    await exchange.settled();
    if (exchange.over) return false;
    const { response, found } = concludeResponse(method, options, message, exchange);
    const { token = "", reset } = slot;
    options.stamp?.(response, create(PositionSchema, { token, reset }));
    if (required) assertWritable(method.output, response);
    slot.composed(response, found !== undefined && found.entries.length > 0 ? found : undefined);
    return true;
  } catch (thrown) {
    exchange.scope.fail(asFailure(thrown));
    return false;
  }
}

/** A message with nothing but a position; only where there is a place for one. */
export function onlyPosition<
  App,
  I extends DescMessage,
  O extends DescMessage,
  Opened,
  Item,
  C extends DescMessage,
  Principal,
>(
  { method, options }: FollowParts<App, I, O, Opened, Item, C, Principal>,
  { token = "", ...said }: { readonly token: string | undefined; readonly beat: true; readonly reset?: true },
): MessageShape<O> {
  const message = create(method.output);
  options.stamp?.(message, create(PositionSchema, { ...said, token }));
  return message;
}

// One item of a stream: a separate request, and the response for it.
import { create, type DescMessage, type DescMethodServerStreaming, type MessageShape } from "@bufbuild/protobuf";
import { PositionSchema } from "@protobff/messages/bff/v1/stream_pb.js";
import type { Clock } from "../clock.ts";
import { Exchange } from "../compose/exchange.ts";
import type { Request } from "../compose/request.ts";
import { concludeResponse } from "../endpoint/cached-endpoint.ts";
import { withoutForbidden } from "../endpoint/leave-out.ts";
import type { OpeningOptions } from "../endpoint/opening.ts";
import { assertWritable } from "../endpoint/required-fields.ts";
import { asFailure, type Failure } from "../failure.ts";
import type { QueuedItem } from "./item-queue.ts";
import type { StreamOptions } from "./stream-options.ts";

/** Parts that all followers of one RPC share. */
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
  /** True if an answer may lack a required field. */
  readonly required: boolean;
  /** True if messages with only a position are possible. */
  readonly stamps: boolean;
  /** Time without a message after which a heartbeat is sent, in milliseconds. Infinity for never. */
  readonly heartbeatMs: number;
}

/**
 * Returns the request for an item.
 *
 * @param of the stream's opening
 * @param leftMs time that the client's deadline leaves, if it has one
 * @param failed called at most once, and not if the slot was stopped before
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
  const { headers, observer } = after;
  const { timeoutMs: methodMs } = options;
  const { concurrent } = opening;
  const common = { clock, headers, observer, after, methodMs, concurrent };
  slot.exchange = new Exchange({ ...common, clientMs: leftMs, failed });
  return of.within(slot.exchange);
}

/**
 * Composes an item. Never rejects: a failure fails the request.
 *
 * @returns true if the item has a message
 */
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
    const before = options.composed?.(slot.item);
    const message = before === undefined ? await options.compose(cx, args, slot.item, opened) : undefined;
    if (exchange.parts !== undefined) await exchange.parts.all();
    await exchange.settled();
    if (exchange.over) return false;
    const { response, found } =
      before ??
      withoutForbidden(method.output, concludeResponse(method, options, message as MessageShape<C>, exchange));
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

/** Returns a message with only a position. For RPCs whose response has a field for it. */
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
  { token = "", ...flags }: { readonly token: string | undefined; readonly beat: true; readonly reset?: true },
): MessageShape<O> {
  const message = create(method.output);
  options.stamp?.(message, create(PositionSchema, { ...flags, token }));
  return message;
}

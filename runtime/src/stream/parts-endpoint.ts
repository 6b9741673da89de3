import type { DescMessage, DescMethodServerStreaming, MessageShape } from "@bufbuild/protobuf";
import { type Clock, systemClock } from "../clock.ts";
import { behindOf, openingOf } from "../endpoint/opening.ts";
import type { Identity } from "../identity/identity.ts";
import { behindFront } from "./endpoint.ts";
import { PartsFollow } from "./parts-follow.ts";
import { PARTS_TIMEOUT_MS, type PartsOptions } from "./parts-options.ts";
import type { StreamEndpoint } from "./stream-endpoint.ts";

/**
 * Returns a server-streaming RPC that answers once. Its deferred parts follow in separate messages.
 *
 * @example
 * const openRun = partsEndpoint(RunService.method.openRun, app, {
 *   timeoutMs: 2_000,
 *   partsTimeoutMs: 10_000,
 *   compose: (cx, args) => composeRunPage(cx, args),
 * });
 */
export function partsEndpoint<
  App,
  I extends DescMessage,
  O extends DescMessage,
  C extends DescMessage = O,
  Principal = undefined,
>(method: DescMethodServerStreaming<I, O>, app: App, options: PartsOptions<App, I, O, C, Principal>): StreamEndpoint {
  const { clock = systemClock, partsTimeoutMs = PARTS_TIMEOUT_MS } = options;
  const opening = openingOf(method, app, { ...options, partsTimeoutMs });
  const rpc = { method, clock, opening, options };
  const composed: StreamEndpoint["follow"] = (args, headers, clientMs, _resume, follower) => {
    const following = new PartsFollow(rpc, args as MessageShape<I>, headers, clientMs, follower);
    void following.open();
    return following;
  };
  const withClock = (clock: Clock, guard: Identity | undefined): StreamEndpoint =>
    partsEndpoint(method, app, { ...options, clock, guard });
  return behindFront(method, app, options, { composed, behind: behindOf(opening), heartbeatMs: undefined, withClock });
}

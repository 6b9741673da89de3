import type { DescMessage, DescMethodServerStreaming, Message, MessageShape } from "@bufbuild/protobuf";
import { type Clock, systemClock } from "../clock.ts";
import { addAuthenticated } from "../endpoint/authentication-handler.ts";
import type { EndpointCodec, EndpointOptions } from "../endpoint/endpoint-options.ts";
import { admissionOf, refusalReporter, trafficOf, versioned } from "../endpoint/front.ts";
import { behindOf, openingOf } from "../endpoint/opening.ts";
import { holdsRequired } from "../endpoint/required-fields.ts";
import type { Identity } from "../identity/identity.ts";
import { authenticateFollow } from "./authentication-follow.ts";
import { streamRouteOf } from "./connect-stream.ts";
import { Follow } from "./follow.ts";
import type { StreamEndpoint } from "./stream-endpoint.ts";
import type { StreamOptions } from "./stream-options.ts";

/**
 * Returns a server-streaming RPC whose messages `compose` makes, one for each item of a source.
 *
 * @example
 * const followRun = streamEndpoint(RunService.method.followRun, app, {
 *   timeoutMs: 2_000,
 *   source: topicSource(app.runTopic, (_cx, args) => args.runId),
 *   compose: (cx, args, event: RunEvent) => composeRunUpdate(cx, { runId: args.runId, event }),
 * });
 */
export function streamEndpoint<
  App,
  I extends DescMessage,
  O extends DescMessage,
  Opened,
  Item,
  C extends DescMessage = O,
  Principal = undefined,
>(
  method: DescMethodServerStreaming<I, O>,
  app: App,
  options: StreamOptions<App, I, O, Opened, Item, C, Principal>,
): StreamEndpoint {
  const { clock = systemClock, stamp } = options;
  const opening = openingOf(method, app, options);
  const required = holdsRequired(method.output);
  // A message without its required fields could not be written.
  const stamps = stamp !== undefined && !required;
  const heartbeatMs = stamps ? options.heartbeatMs : undefined;
  const parts = {
    method,
    clock,
    opening,
    options,
    required,
    stamps,
    heartbeatMs: heartbeatMs ?? Number.POSITIVE_INFINITY,
  };
  const composed: StreamEndpoint["follow"] = (args, headers, clientMs, resume, follower) => {
    const following = new Follow(parts, args as MessageShape<I>, headers, clientMs, follower);
    void following.open(resume);
    return following;
  };
  const withClock: Composed["withClock"] = (clock, guard) => streamEndpoint(method, app, { ...options, clock, guard });
  return behindFront(method, app, options, { composed, behind: behindOf(opening), heartbeatMs, withClock });
}

/** Composition of the messages of one RPC, for followers that were admitted. */
interface Composed extends Pick<StreamEndpoint, "behind" | "heartbeatMs"> {
  readonly composed: StreamEndpoint["follow"];
  readonly withClock: (clock: Clock, guard: Identity | undefined) => StreamEndpoint;
}

/** Returns the RPC with all checks before it. */
export function behindFront<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal>(
  method: DescMethodServerStreaming<I, O>,
  app: App,
  options: Omit<EndpointOptions<App, I, O, C, Principal>, "compose">,
  { composed, behind, heartbeatMs, withClock }: Composed,
): StreamEndpoint {
  const { maxElements, priority, share, hosts, version, clock = systemClock } = options;
  const common = {
    method,
    maxElements,
    priority,
    behind,
    share,
    hosts,
    version,
    headerNames: options.headers?.map(([name]) => name),
    heartbeatMs,
    // Other messages have no codec.
    codec: options.codec as EndpointCodec<Message, Message> | undefined,
    refused: refusalReporter(method, options),
    traffic: trafficOf(method, options),
  };
  const { refused } = common;
  const fronted = (guard: Identity | undefined): StreamEndpoint => {
    const always = { ...common, withClock: (clock: Clock) => withClock(clock, guard) };
    const admission = admissionOf(method, app, { ...options, guard });
    if (admission === undefined)
      return { ...always, follow: composed, route: versioned(version, streamRouteOf(method, composed)) };
    const follow = authenticateFollow(admission, clock, composed, refused);
    const plain = streamRouteOf(method, follow);
    const route: StreamEndpoint["route"] = (router) => addAuthenticated(router, admission, () => plain(router));
    return {
      ...always,
      authenticate: (headers) => admission.authenticate(headers),
      identify: (headers) => admission.identify(headers),
      arrival: admission.arrival,
      follow,
      route: versioned(version, route),
    };
  };
  return { ...fronted(options.guard), withGuard: fronted };
}

// Endpoints: one RPC with everything around its composition: opening a request, admission, the response cache, and its route in
// Connect's router. Servers of any kind call it.
import type { DescMessage, DescMethodUnary, Message, MessageShape } from "@bufbuild/protobuf";
import { type Clock, systemClock } from "../clock.ts";
import { withinGates } from "../compose/expression-budget.ts";
import type { IncomingHeaders } from "../identity/incoming-request.ts";
import { answerRequest } from "./answer-request.ts";
import { addAuthenticated } from "./authentication-handler.ts";
import { responseCacheOf, reusing } from "./cached-endpoint.ts";
import { routeOf } from "./connect-route.ts";
import type { Endpoint, EndpointCodec, EndpointOptions } from "./endpoint-options.ts";
import { admissionOf, authenticateFirst, type FrontOptions, refusalReporter, trafficOf, versioned } from "./front.ts";
import { behindOf, openingOf } from "./opening.ts";
import { assertWritable, holdsRequired } from "./required-fields.ts";

/**
 * Returns the endpoint of an RPC whose responses `compose` creates.
 *
 * @example
 * const getRun = endpoint(RunService.method.getRun, app, {
 *   timeoutMs: 2_000,
 *   compose: (cx, args) => composeRunState(cx, args),
 * });
 */
export function endpoint<
  App,
  I extends DescMessage,
  O extends DescMessage,
  C extends DescMessage = O,
  Principal = undefined,
>(method: DescMethodUnary<I, O>, app: App, options: EndpointOptions<App, I, O, C, Principal>): Endpoint {
  const served = holdsRequired(method.output) ? writable(method, options) : options;
  const opening = openingOf(method, app, options);
  const answers = options.cache && responseCacheOf(method, options.cache, served, opening);
  const rpc = { method, opening, answers, options: served };
  const composed: Endpoint["run"] = (args, headers, clientMs, done, failed) =>
    answerRequest(rpc, args as MessageShape<I>, headers, clientMs, done, failed);
  // Only messages of these types reach the codec.
  const messageCodec = options.codec as EndpointCodec<Message, Message> | undefined;
  const codec = answers === undefined ? messageCodec : reusing(method, messageCodec, answers);
  const { maxElements, priority, share, hosts, http, version, rest, validate, clock = systemClock } = options;
  const common = {
    method,
    codec,
    maxElements,
    priority,
    behind: behindOf(opening),
    share,
    hosts,
    http,
    version,
    rest,
    headerNames: options.headers?.map(([name]) => name),
    validate: validate && ((args: Message) => withinGates(() => validate(args as MessageShape<I>, clock))),
    refused: refusalReporter(method, options),
    traffic: trafficOf(method, options),
  };
  const fronted = (options: FrontOptions<App, I, O, Principal>): Endpoint => {
    const withClock = (clock: Clock): Endpoint => endpoint(method, app, { ...served, ...options, clock });
    return { ...common, withClock, ...behindAdmission(method, app, options, { composed, ...common }) };
  };
  return { ...fronted(options), withGuard: (guard) => fronted({ ...options, guard }) };
}

/** Returns the composition with all checks before it. */
function behindAdmission<App, I extends DescMessage, O extends DescMessage, Principal>(
  method: DescMethodUnary<I, O>,
  app: App,
  options: FrontOptions<App, I, O, Principal>,
  { composed, codec, refused }: Pick<Endpoint, "codec" | "refused"> & { readonly composed: Endpoint["run"] },
): Pick<Endpoint, "authenticate" | "identify" | "arrival" | "run" | "route"> {
  const { version, clock = systemClock } = options;
  const admission = admissionOf(method, app, options);
  if (admission === undefined) return { run: composed, route: versioned(version, routeOf(method, composed, codec)) };
  const run: Endpoint["run"] = (args, headers, clientMs, done, failed) => {
    const begin = (authentication: IncomingHeaders, leftMs: number | undefined) =>
      composed(args, authentication, leftMs, done, failed);
    return authenticateFirst(admission, clock, { headers, clientMs, begin, failed, refused });
  };
  const authenticate: Endpoint["authenticate"] = (headers) => admission.authenticate(headers);
  const identify: Endpoint["identify"] = (headers) => admission.identify(headers);
  const plain = routeOf(method, run, codec);
  const route: Endpoint["route"] = (router) => addAuthenticated(router, admission, () => plain(router));
  return { authenticate, identify, arrival: admission.arrival, run, route: versioned(version, route) };
}

/**
 * Returns options that fail an answer without a required field. The writer's error would name the field to the client.
 */
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

import type { DescMessage, DescMethodUnary, Message, MessageShape } from "@bufbuild/protobuf";
import { type Clock, systemClock } from "../clock.ts";
import { asFailure, type Failure, OVER } from "../failure.ts";
import { Admission, type Admits, Denied, type Verdict } from "./admission.ts";
import { answer, GONE, nameOf } from "./answering.ts";
import { responseCacheOf, reusing } from "./cached-endpoint.ts";
import { routeOf } from "./connect-route.ts";
import { EarlyLimits } from "./early-limits.ts";
import type { Answering, Endpoint, EndpointCodec, EndpointOptions } from "./endpoint-options.ts";
import { type Gate, permitGate, rulesGate } from "./gates.ts";
import { addJudged } from "./judged-handler.ts";
import { limitsGate } from "./limits-gate.ts";
import { assertWritable, holdsRequired } from "./required.ts";
import { type RefusedParts, tellRefused } from "./told.ts";
import { addVersioned, type Version } from "./version.ts";

/** An rpc whose responses `compose` makes. */
export function endpoint<
  App,
  I extends DescMessage,
  O extends DescMessage,
  C extends DescMessage = O,
  Principal = undefined,
>(method: DescMethodUnary<I, O>, app: App, options: EndpointOptions<App, I, O, C, Principal>): Endpoint {
  const served = holdsRequired(method.output) ? writable(method, options) : options;
  const gates = gatesOf(method, options);
  const answers = options.cache && responseCacheOf(method, options.cache, served);
  const rpc = { method, name: nameOf(method), app, gates, answers, options: served };
  const composed: Endpoint["run"] = (args, headers, clientMs, done, failed) =>
    answer(rpc, args as MessageShape<I>, headers, clientMs, done, failed);
  // Of other messages nobody can make use.
  const own = options.codec as EndpointCodec<Message, Message> | undefined;
  const codec = answers === undefined ? own : reusing(method, own, answers);
  const { maxElements, http, version, rest } = options;
  const withClock = (clock: Clock): Endpoint => endpoint(method, app, { ...options, clock });
  const told = { method, codec, maxElements, http, version, rest, refused: refusedOf(method, options), withClock };
  const admission = admissionOf(method, app, options);
  if (admission === undefined) return { ...told, run: composed, route: versioned(version, routeOf(method, composed)) };
  const run = judgedFirst(admission, options.clock ?? systemClock, composed, told.refused);
  const judge: Endpoint["judge"] = (headers) => admission.judge(headers);
  const plain = routeOf(method, run);
  const route: Endpoint["route"] = (router) => addJudged(router, admission, () => plain(router));
  return { ...told, judge, run, route: versioned(version, route) };
}

/** Of requests that never come here, and of their credentials nothing is told. */
function refusedOf<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal>(
  method: DescMethodUnary<I, O>,
  options: EndpointOptions<App, I, O, C, Principal>,
): Endpoint["refused"] {
  const { identity, clock = systemClock } = options;
  const parts = refusing(method, options);
  if (parts.observer?.response === undefined && parts.observer?.responseStart === undefined) return undefined;
  return (failure, headers, tookMs) =>
    tellRefused(parts, failure, { headers, hidden: identity?.hidden, startedAt: clock.now() - tookMs });
}
function refusing<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal>(
  method: DescMethodUnary<I, O>,
  { version, telemetry, clock = systemClock, observer }: EndpointOptions<App, I, O, C, Principal>,
): RefusedParts {
  return { method: nameOf(method), clock, observer, deprecation: version?.deprecation, telemetry };
}

function versioned(version: Version | undefined, route: Endpoint["route"]): Endpoint["route"] {
  if (version === undefined) return route;
  return (router) => addVersioned(router, version.headers, () => route(router));
}

function admissionOf<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal>(
  method: DescMethodUnary<I, O>,
  app: App,
  options: EndpointOptions<App, I, O, C, Principal>,
): Admits | undefined {
  const { limits, identity } = options;
  const admission = judgingOf(method, options);
  if (limits?.early === undefined || limits.early.length === 0) return admission;
  const { counters, early } = limits;
  const hidden = identity?.hidden ?? new Set();
  return new EarlyLimits({ ...refusing(method, options), app, counters, early, admission, hidden });
}

function judgingOf<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal>(
  method: DescMethodUnary<I, O>,
  options: EndpointOptions<App, I, O, C, Principal>,
): Admission | undefined {
  const { identity, permit, timeoutMs } = options;
  if (identity !== undefined)
    return new Admission({ ...refusing(method, options), identity, permit: permit ?? {}, timeoutMs });
  // Else a server of one's own that forgets it would let anybody in.
  if (permit !== undefined) throw new TypeError(`${nameOf(method)} has a permit, and no identity to judge by`);
  return undefined;
}

/** What a request passes once its message has been read, in this order. */
function gatesOf<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal>(
  method: DescMethodUnary<I, O>,
  { permit, validate, limits, clock = systemClock, observer }: EndpointOptions<App, I, O, C, Principal>,
): readonly Gate<App, MessageShape<I>, Principal>[] {
  const parts = { method: nameOf(method), clock, observer };
  const { counters, late = [] } = limits ?? {};
  return [
    ...(validate === undefined ? [] : [rulesGate(validate, clock)]),
    ...(permit?.judge === undefined ? [] : [permitGate(permit.judge, parts)]),
    ...(counters === undefined || late.length === 0 ? [] : [limitsGate({ ...parts, counters, late })]),
    ...(permit?.decide === undefined ? [] : [permitGate(permit.decide, parts)]),
  ];
}

/** A request whose headers nobody has judged yet, of a server that has not asked `judge`, is judged here. */
function judgedFirst(
  admission: Admits,
  clock: Clock,
  run: Endpoint["run"],
  refused: Endpoint["refused"],
): Endpoint["run"] {
  return (args, headers, clientMs, done, failed) => {
    const startedAt = clock.now();
    let answering: Answering | undefined;
    let gone: Failure | undefined;
    const begin = (verdict: Verdict): Answering => {
      if (verdict instanceof Denied) {
        failed(verdict.failure, verdict.metadata);
        return GONE;
      }
      const leftMs = clientMs === undefined ? undefined : clientMs - (clock.now() - startedAt);
      return run(args, verdict, leftMs, done, failed);
    };
    const verdict = admission.judge(headers);
    if (!(verdict instanceof Promise)) return begin(verdict);
    verdict
      .then((found) => {
        if (gone === undefined) answering = begin(found);
        else if (!(found instanceof Denied)) refused?.(gone, found, clock.now() - startedAt);
      })
      .catch((thrown: unknown) => failed(asFailure(thrown)));
    return {
      cancel: (why = OVER) => {
        gone = why;
        answering?.cancel(why);
      },
    };
  };
}

/** The same, where an answer that lacks a required field fails: what writes it would tell the client which. */
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

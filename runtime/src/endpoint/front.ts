// Checks in front of an RPC, unary or streaming: authentication, the rules of its messages, its permit and its limits.
// Refusals are reported to observers.
import type {
  DescMessage,
  DescMethod,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageShape,
} from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import { Admission, type AdmissionCheck, Denied, type Verdict } from "../admission/admission.ts";
import type { AnswerMetadata } from "../admission/answer-metadata.ts";
import { EarlyLimits } from "../admission/early-limits.ts";
import { type Gate, permitGate, rulesGate } from "../admission/gates.ts";
import { limitsGate } from "../admission/limits-gate.ts";
import { maskGate, maskHeaderGate } from "../admission/mask-gates.ts";
import { rpcMeters } from "../admission/meters.ts";
import { pagesGate } from "../admission/pages-gate.ts";
import { type RefusedParts, reportRefusal } from "../admission/telemetry.ts";
import { type Clock, systemClock } from "../clock.ts";
import { asFailure, type Failure, OVER } from "../failure.ts";
import type { AuthenticatedRequest } from "../identity/authenticated-request.ts";
import type { IncomingHeaders } from "../identity/incoming-request.ts";
import type { Masks } from "../selection/masks.ts";
import { Traffic } from "../wire/traffic.ts";
import type { Answering, EndpointOptions } from "./endpoint-options.ts";
import { addVersioned, type Version } from "./version.ts";

/** A method that a BFF serves. */
export type ServedMethod<I extends DescMessage, O extends DescMessage> =
  | DescMethodUnary<I, O>
  | DescMethodServerStreaming<I, O>;

/** Options of an RPC that decide which callers may call it, and how often. */
export type FrontOptions<App, I extends DescMessage, O extends DescMessage, Principal> = Pick<
  EndpointOptions<App, I, O, O, Principal>,
  | "timeoutMs"
  | "identity"
  | "guard"
  | "permit"
  | "limits"
  | "validate"
  | "pages"
  | "fields"
  | "version"
  | "priority"
  | "share"
  | "deprecatedFields"
  | "headers"
  | "telemetry"
  | "clock"
  | "observer"
>;

/** Returns the reporter of requests that never reach the RPC. It reports nothing of their credentials. */
export function refusalReporter<App, I extends DescMessage, O extends DescMessage, Principal>(
  method: ServedMethod<I, O>,
  options: FrontOptions<App, I, O, Principal>,
): ((failure: Failure, headers: IncomingHeaders, tookMs: number) => void) | undefined {
  const { identity, clock = systemClock } = options;
  const parts = refusing(method, options);
  if (parts.observer?.response === undefined && parts.observer?.responseStart === undefined) return undefined;
  return (failure, headers, tookMs) =>
    reportRefusal(parts, failure, { headers, hidden: identity?.hidden, startedAt: clock.now() - tookMs });
}
function refusing<App, I extends DescMessage, O extends DescMessage, Principal>(
  method: ServedMethod<I, O>,
  { version, telemetry, clock = systemClock, observer }: FrontOptions<App, I, O, Principal>,
): RefusedParts {
  return { method: nameOf(method), clock, observer, deprecation: version?.deprecation, telemetry };
}

/** Reports the RPC to observers. Returns the counters of its messages; undefined: no observer reads them. */
export function trafficOf<App, I extends DescMessage, O extends DescMessage, Principal>(
  method: ServedMethod<I, O>,
  options: FrontOptions<App, I, O, Principal> & { readonly cache?: object | undefined },
): Traffic | undefined {
  const { limits, identity, version, priority, deprecatedFields, telemetry, cache, observer } = options;
  if (observer?.rpc === undefined) return undefined;
  const { early = [], late = [] } = limits ?? {};
  const traffic = new Traffic();
  observer.rpc({
    method: nameOf(method),
    streams: method.methodKind === "server_streaming",
    cached: cache !== undefined,
    limits: [...early, ...late].map(({ limit }) => ({
      name: `${limit.package}/${limit.name}`,
      dryRun: limit.dryRun === true,
    })),
    sources: identity?.sources ?? [],
    priority,
    deprecation: version?.deprecation,
    deprecatedFields,
    meters: telemetry?.meters && rpcMeters(telemetry.meters),
    traffic,
  });
  return traffic;
}

/** Returns a `route` that adds the headers of the RPC's version to its answers. */
export function versioned(
  version: Version | undefined,
  route: (router: ConnectRouter) => void,
): (router: ConnectRouter) => void {
  if (version === undefined) return route;
  return (router) => addVersioned(router, version.headers, () => route(router));
}

/** Returns the check that precedes the RPC's message; undefined: every caller is admitted, without a limit. */
export function admissionOf<App, I extends DescMessage, O extends DescMessage, Principal>(
  method: ServedMethod<I, O>,
  app: App,
  options: FrontOptions<App, I, O, Principal>,
): AdmissionCheck | undefined {
  const { limits, identity } = options;
  const admission = judgingOf(method, options);
  if (limits?.early === undefined || limits.early.length === 0) return admission;
  const { counters, early } = limits;
  const hidden = identity?.hidden ?? new Set();
  return new EarlyLimits({ ...refusing(method, options), app, counters, early, admission, hidden });
}

function judgingOf<App, I extends DescMessage, O extends DescMessage, Principal>(
  method: ServedMethod<I, O>,
  options: FrontOptions<App, I, O, Principal>,
): Admission | undefined {
  const { identity, guard, permit, timeoutMs } = options;
  if (identity !== undefined)
    return new Admission({ ...refusing(method, options), identity, permit: permit ?? {}, timeoutMs });
  // Without this check, a custom server that forgets the identity would admit every caller.
  if (permit !== undefined) throw new TypeError(`${nameOf(method)} has a permit, and no identity for it`);
  if (guard === undefined) return undefined;
  return new Admission({ ...refusing(method, options), identity: guard, permit: { public: true }, timeoutMs });
}

/** Returns the gates of a request whose message has been read, in order. */
export function gatesOf<App, I extends DescMessage, O extends DescMessage, Principal>(
  method: ServedMethod<I, O>,
  { permit, validate, pages, limits, clock = systemClock, observer }: FrontOptions<App, I, O, Principal>,
  masks: Masks | undefined,
): readonly Gate<App, MessageShape<I>, Principal>[] {
  const parts = { method: nameOf(method), clock, observer };
  const { counters, late = [], usage } = limits ?? {};
  return [
    ...(masks === undefined || masks.path.length === 0 ? [] : [maskHeaderGate(masks)]),
    ...(validate === undefined ? [] : [rulesGate(validate, clock)]),
    ...(masks === undefined ? [] : [maskGate(masks)]),
    ...(pages === undefined
      ? []
      : [pagesGate<App, MessageShape<I>, Principal>(pages, { ...parts, input: method.input, masks })]),
    ...(permit?.check === undefined ? [] : [permitGate(permit.check, parts)]),
    ...(counters === undefined || late.length === 0 ? [] : [limitsGate({ ...parts, counters, late, usage })]),
    ...(permit?.decide === undefined ? [] : [permitGate(permit.decide, parts)]),
  ];
}

/** Callbacks for a request that is authenticated here. */
interface AuthenticationCallbacks<Running extends Answering> {
  readonly headers: IncomingHeaders;
  readonly clientMs: number | undefined;
  /** Called for an admitted request; `leftMs` is the rest of `clientMs`. */
  readonly begin: (authentication: AuthenticatedRequest, leftMs: number | undefined) => Running;
  /** Called for a request that is refused or cannot be authenticated. */
  readonly failed: (failure: Failure, metadata?: AnswerMetadata) => void;
  /** Called for a request whose client has disconnected meanwhile. */
  readonly refused: ((failure: Failure, headers: IncomingHeaders, tookMs: number) => void) | undefined;
}

/** Authenticates a request here unless its server has called `authenticate` before. */
export function authenticateFirst<Running extends Answering>(
  admission: AdmissionCheck,
  clock: Clock,
  { headers, clientMs, begin, failed, refused }: AuthenticationCallbacks<Running>,
): Answering | Running {
  const startedAt = clock.now();
  let answering: Answering | undefined;
  let gone: Failure | undefined;
  const admitted = (verdict: Verdict): Answering | Running => {
    if (verdict instanceof Denied) {
      failed(verdict.failure, verdict.metadata);
      return GONE;
    }
    return begin(verdict, clientMs === undefined ? undefined : clientMs - (clock.now() - startedAt));
  };
  const verdict = admission.authenticate(headers);
  if (!(verdict instanceof Promise)) return admitted(verdict);
  verdict
    .then((found) => {
      if (gone === undefined) answering = admitted(found);
      else if (!(found instanceof Denied)) refused?.(gone, found, clock.now() - startedAt);
    })
    .catch((thrown: unknown) => failed(asFailure(thrown)));
  return {
    cancel: (why = OVER) => {
      gone = why;
      answering?.cancel(why);
    },
  };
}

/** `package.Service/Method` */
export const nameOf = (method: DescMethod): string => `${method.parent.typeName}/${method.name}`;
/** Handle of a request that is no longer answered. */
export const GONE: Answering = { cancel: () => {} };

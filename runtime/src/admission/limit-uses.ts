// Applicable limits of a request, their keys and their costs.
import type { Message } from "@bufbuild/protobuf";
import type { Request } from "../compose/request.ts";
import { errorInfo, StepsExceeded } from "../error-info.ts";
import { Code, Failure, Reason } from "../failure.ts";
import type { Peer } from "../identity/incoming-request.ts";
import type { ChargeRequest, ChargeResult, Refusal } from "../limits/charge-result.ts";
import type { Limits } from "../limits/limits.ts";
import type { RateLimit } from "../limits/rate-limit.ts";
import type { Observer } from "../observer.ts";
import type { LimitEvent } from "../observer-requests.ts";
import type { UsageUse } from "./report-usage.ts";

/** The limits of an rpc. */
export interface Limited<App, Args extends Message, Result extends Message, Principal> {
  readonly counters: Limits;
  /** Limits that read nothing of caller and message: charged before authentication. They stay charged. */
  readonly early?: readonly LimitUse<Arrival<App>, undefined, never>[] | undefined;
  /** All other limits: charged when the message has been read and the permit's conditions hold, before any call. */
  readonly late?: readonly LimitUse<Request<App, Principal>, Args, Result>[] | undefined;
  /** Events about the charges of late limits. */
  readonly usage?: UsageUse<Request<App, Principal>, Args> | undefined;
}

/** A limit, as an rpc uses it. */
export interface LimitUse<Cx, Args, Result> {
  readonly limit: RateLimit;
  /** `file`: it applies to all RPCs of the package, and to requests that name none yet. */
  readonly of?: "file" | undefined;
  /** Key that is counted. Undefined: the limit does not apply. Empty: PERMISSION_DENIED. */
  readonly key: (cx: Cx, args: Args) => string | undefined;
  /** Reports whether it applies. Default: it does. */
  readonly if?: ((cx: Cx, args: Args) => boolean) | undefined;
  /**
   * Returns the cost in units; a fraction counts as one, a negative cost as 0. Default: 1. More than the limit ever
   * allows: INVALID_ARGUMENT.
   */
  readonly cost?: ((cx: Cx, args: Args) => number | bigint) | undefined;
  /**
   * Returns the actual cost, once the answer has been sent. A stream has a cost for each message, and the greatest one
   * counts at its end. Late limits only.
   */
  readonly settle?: ((cx: Cx, args: Args, result: Result) => number | bigint) | undefined;
  /** The same for a stream, by an item of its source. */
  readonly settleItem?: ((cx: Cx, args: Args, item: never) => number | bigint) | undefined;
}

/** A request before authentication, for early limits. It holds no credential. */
export interface Arrival<out App> {
  readonly app: App;
  readonly peer: Peer;
  /** An incoming header by its lower-case name; "" when absent, several values joined with ", ", never a `-bin` one. */
  header(name: string): string;
  /** As of `RequestFacts`. */
  counted<T>(value: T): T;
}

/**
 * Evaluates the charges of a request; none: no limit applies.
 *
 * @returns the uses that apply, the charge that each requests, and the limits in a dry run that would throw
 * @throws Failure (PERMISSION_DENIED) for an empty key, and for an expression that cannot be evaluated: an error
 * bypasses no limit
 */
export function chargesOf<Cx, Args, Use extends LimitUse<Cx, Args, never>>(
  uses: readonly Use[],
  cx: Cx,
  args: Args,
): {
  readonly applied: readonly Use[];
  readonly charges: readonly ChargeRequest[];
  readonly failed: readonly string[];
} {
  const applied: Use[] = [];
  const charges: ChargeRequest[] = [];
  const failed: string[] = [];
  for (const use of uses) {
    let charge: ChargeRequest | undefined;
    try {
      charge = chargeOf(use, cx, args);
    } catch (thrown) {
      if (use.limit.dryRun !== true || thrown instanceof StepsExceeded) throw thrown;
      failed.push(`${use.limit.package}/${use.limit.name}`);
    }
    if (charge === undefined) continue;
    applied.push(use);
    charges.push(charge);
  }
  return { applied, charges, failed };
}

/** Undefined: the limit does not apply. */
function chargeOf<Cx, Args>(use: LimitUse<Cx, Args, never>, cx: Cx, args: Args): ChargeRequest | undefined {
  const { limit } = use;
  let key: string | undefined;
  let cost: number | bigint = 1;
  try {
    if (use.if !== undefined && !use.if(cx, args)) return undefined;
    key = use.key(cx, args);
    if (key === undefined) return undefined;
    if (use.cost !== undefined) cost = use.cost(cx, args);
    if (Number.isNaN(Number(cost))) throw new RangeError("its cost is no number");
  } catch (thrown) {
    throw unevaluated(limit, thrown);
  }
  if (key === "") throw nobody(limit);
  return { limit, key, cost };
}

function unevaluated({ name }: RateLimit, thrown: unknown): Failure {
  if (thrown instanceof Failure && thrown.refusal) return thrown;
  const message = `the limit ${name} cannot be evaluated: ${thrown instanceof Failure ? thrown.logText : thrown}`;
  const code = Code.PERMISSION_DENIED;
  const details = [errorInfo("LIMIT_KEY")];
  return new Failure({ code, clientCode: code, reason: Reason.INVALID, callee: "", message, cause: thrown, details });
}

function nobody({ name }: RateLimit): Failure {
  const code = Code.PERMISSION_DENIED;
  const message = `the limit ${name} has no key to count by`;
  const details = [errorInfo("LIMIT_KEY")];
  return new Failure({ code, clientCode: code, reason: Reason.REJECTED, callee: "", message, refusal: true, details });
}

/** Returns whether an outcome is to be reported. */
export const isReported = (outcome: ChargeResult | Refusal): boolean =>
  "failure" in outcome || outcome.alone.length > 0 || (outcome.dry?.length ?? 0) > 0;

/** Reports refusals and failures of limits, and what limits in a dry run would have refused. */
export function reportLimits(
  observer: Observer | undefined,
  outcome: ChargeResult | Refusal,
  of: Omit<LimitEvent, "limit" | "outcome">,
): void {
  if (observer?.limited === undefined) return;
  const [limits, what] = "failure" in outcome ? [outcome.limits, outcome.outcome] : [outcome.alone, "alone" as const];
  for (const limit of limits) observer.limited({ ...of, limit, outcome: what });
  const dry = "failure" in outcome ? undefined : outcome.dry;
  for (const limit of dry ?? []) observer.limited({ ...of, limit, outcome: "dry" });
}

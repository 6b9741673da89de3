// Caching of an RPC's answers, merged from the RPC and its service.

import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { fault, type Sourced } from "../../diagnostic/diagnostic.ts";
import type { IrMethod, IrService } from "../../ir/ir.ts";
import type { HttpCaching, ResponseCaching } from "../model/edge.ts";
import { packageContext } from "../packages/package-context.ts";
import { bound, checkMethodAmounts } from "../policies/amounts.ts";
import type { Run } from "../steps/context.ts";

/**
 * Returns undefined for each kind of caching with a fault, which has been reported.
 *
 * @param isFresh whether the answer contains a fresh field: `max_age` and `stale` of the service then do not apply
 */
export function cachingOf(
  run: Run,
  service: IrService,
  method: IrMethod,
  isFresh: () => boolean,
): { readonly cache: ResponseCaching | undefined; readonly httpCache: HttpCaching | undefined } {
  const { cache } = method;
  const { env } = packageContext(run, service.desc.file.proto.package).governing;
  checkMethodAmounts(method, env, run.report);
  // A check reports it.
  if (method.desc.idempotency !== Level.NO_SIDE_EFFECTS) return { cache: undefined, httpCache: undefined };
  // Without a ttl it has a fault.
  const [ttl, stale] = [bound(cache?.ttl, env), bound(cache?.stale, env)];
  return {
    cache: cache && ttl && { at: cache.at, ttl, stale, purged: cache.purged, singleFetch: cache.singleFetch },
    httpCache: httpCaching(run, service, method, isFresh),
  };
}

function httpCaching(run: Run, service: IrService, method: IrMethod, isFresh: () => boolean): HttpCaching | undefined {
  const inner = method.httpCache;
  const outer = service.httpCache;
  const at = inner?.at ?? outer?.at;
  if (at === undefined || inner?.faulty === true || outer?.faulty === true) return undefined;
  const fresh = outer !== undefined && isFresh();
  const inherited = fresh && outer?.maxAge !== undefined ? { value: 0, at: outer.maxAge.at } : outer?.maxAge;
  const maxAge = inner?.maxAge ?? inherited;
  if (maxAge === undefined)
    return fault(run.report, "BFF264", at, {
      message: `answers of "${method.desc.name}" have no maximum age`,
      hint: 'write `max_age`, as in `max_age: "30s"`; with "0s" caches revalidate each answer',
    });
  return {
    at,
    ofMethod: inner !== undefined,
    maxAge,
    stale: inner?.stale ?? (fresh ? undefined : outer?.stale),
    vary: inner !== undefined && inner.vary.length > 0 ? inner.vary : (outer?.vary ?? []),
    shared: ifTrue(inner?.shared ?? outer?.shared),
    tag: ifTrue(inner?.tag ?? outer?.tag),
  };
}

const ifTrue = (setting: Sourced<boolean> | undefined): Sourced<true> | undefined =>
  setting?.value === true ? { value: true, at: setting.at } : undefined;

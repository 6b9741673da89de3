import { timestampNow } from "@bufbuild/protobuf/wkt";
import type { CallContext, CallExchange } from "../call/context.ts";
import { Limit } from "../guard/limit.ts";
import { Scope } from "../scope/scope.ts";

/**
 * Returns the context of a call that belongs to no request. Many different requests share its result, so it sends no
 * facts of any of them. It has no headers, no caller, no trace and no end.
 */
export function processContext(): CallContext {
  const limit = new Limit({ concurrent: Number.MAX_SAFE_INTEGER, queued: 0 });
  const exchange: CallExchange = {
    callsUntil: Number.POSITIVE_INFINITY,
    fullMs: Number.POSITIVE_INFINITY,
    methodMs: Number.POSITIVE_INFINITY,
    mayRetry: true,
    fetch: undefined,
    trace: undefined,
    unsendable: undefined,
    stale: false,
    coalesced: new Map(),
    sides: new Map(),
    received: new Map(),
    drawn: () => 1, // on no branch: another process would choose another one
    header: () => "",
    forwarded: () => undefined,
    identified: (headers) => headers,
    identityHeader: () => undefined,
    limitOf: () => limit,
    sends() {},
    effectBegins() {},
    effectEnds() {},
  };
  const context: CallContext & { readonly principal: undefined } = {
    scope: new Scope(undefined, () => {}),
    pools: [],
    get root() {
      return context;
    },
    exchange,
    supplementary: false,
    get aside() {
      return context;
    },
    shared: () => context,
    detached: () => {
      throw new Error("nothing of a topic is fetched for a cache");
    },
    header: () => "",
    now: () => timestampNow(),
    principal: undefined,
  };
  return context;
}

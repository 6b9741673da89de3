import { timestampNow } from "@bufbuild/protobuf/wkt";
import type { CallContext, CallExchange } from "../call/context.ts";
import { Limit } from "../guard/limit.ts";
import { Scope } from "../scope/scope.ts";

/**
 * What a call sees that is no request's: many who are different share what it gives, so it tells the upstream of none of them. No headers,
 * nobody known, no trace, no end.
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
    drawn: () => 1, // on no branch: another process would follow elsewhere
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

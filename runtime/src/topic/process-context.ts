import { timestampNow } from "@bufbuild/protobuf/wkt";
import type { CallContext, CallExchange } from "../call/context.ts";
import { RequestHeaders } from "../call/headers.ts";
import { ResponseCalls } from "../call/response-calls.ts";
import { Scope } from "../scope/scope.ts";

/**
 * Returns the context of a call that belongs to no request. Many different requests share its result, so it sends no
 * facts of any of them. It has no headers, no caller, no trace and no end.
 */
export function processContext(): CallContext {
  const forever = Number.POSITIVE_INFINITY;
  const exchange: CallExchange = {
    budget: { callsUntil: forever, fullMs: forever, methodMs: forever },
    headers: new RequestHeaders({ get: () => null }),
    calls: new ResponseCalls(forever),
    fetch: undefined,
    trace: undefined,
    drawn: () => 1, // on no branch: another process would choose another one
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

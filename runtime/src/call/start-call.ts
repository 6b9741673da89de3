// Calls: how one call of an upstream is made on behalf of a request: batched, from the cache, as part of an equal one, or on its own
// with retries and hedges. It knows its request as a `CallContext` alone, which compose/ implements, and upstreams as a `UnaryClient`.
import { asFailure, OVER } from "../failure.ts";
import type { Running } from "../scope/scope.ts";
import type { Sink } from "../scope/sink.ts";
import { onItsSide } from "./branches.ts";
import { CachedCall } from "./cached-call.ts";
import { Call } from "./call.ts";
import { coalesce } from "./coalesce.ts";
import type { CallContext } from "./context.ts";
import { type CallExtra, type OutgoingCall, prepareCall } from "./outgoing-call.ts";
import type { Rpc } from "./upstream.ts";

/**
 * Starts a call in the scope of `cx`, at the address that its request has chosen, or takes its answer from the cache or from an equal
 * call, as its policy says. Its end goes to the sink, perhaps before this returns.
 *
 * @param effect once sent, only its own deadline stops it
 */
export function startCall<Req, Res>(
  cx: CallContext,
  of: Rpc<Req, Res>,
  request: Req,
  effect: boolean,
  extra: CallExtra | undefined,
  sink: Sink<Res>,
): Running | undefined {
  if (effect ? cx.scope.doomed : cx.scope.over) {
    sink.reject(OVER);
    return undefined;
  }
  const rpc = of.branches === undefined ? of : onItsSide(cx, of);
  let out: OutgoingCall;
  try {
    out = prepareCall(cx, rpc, request, extra);
  } catch (thrown) {
    sink.reject(asFailure(thrown)); // the request cannot be encoded
    return undefined;
  }
  if (effect) return Call.start(cx, rpc, out, effect, sink);
  if (rpc.cache !== undefined) return CachedCall.start(cx, rpc, rpc.cache, out, sink);
  if (rpc.policy.coalesce) return coalesce(cx, rpc, out, sink);
  return Call.start(cx, rpc, out, effect, sink);
}

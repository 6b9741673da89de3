// Calls: one call of an upstream on behalf of a request. It is batched, cached, joined to an equal call, or separate
// with retries and hedges. This folder depends on the request only as a `CallContext`, which compose/ implements, and
// on upstreams as a `UnaryClient`.
import { asFailure, invalid, MASKED, OVER } from "../failure.ts";
import type { Running } from "../scope/scope.ts";
import type { Sink } from "../scope/sink.ts";
import { onItsSide } from "./branches.ts";
import { CachedCall } from "./cached-call.ts";
import { Call } from "./call.ts";
import { callKey } from "./call-key.ts";
import { coalesce } from "./coalesce.ts";
import type { CallContext } from "./context.ts";
import { type CallExtra, type OutgoingCall, prepareCall } from "./outgoing-call.ts";
import { onItsShard } from "./shards.ts";
import type { Rpc } from "./upstream.ts";

/**
 * Starts a call in the scope of `cx`, at the address that its request has chosen. Its policy may take the answer from
 * the cache or from an equal call instead. Its end goes to the sink, perhaps before this function returns.
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
  let rpc = of.branches === undefined ? of : onItsSide(cx, of);
  let out: OutgoingCall;
  try {
    if (rpc.shards !== undefined) rpc = onItsShard(cx, rpc, request, extra?.shard);
    out = prepareCall(cx, rpc, request, extra);
  } catch (thrown) {
    // The request cannot be encoded, or has no shard.
    sink.reject(rpc.policy.sensitive === true ? invalid("", MASKED, thrown) : asFailure(thrown));
    return undefined;
  }
  if (effect) return Call.start(cx, rpc, out, effect, sink);
  // The keys of a batch are kept one by one.
  const kept = out.items === undefined ? cx.exchange.calls.kept : undefined;
  if (kept === undefined) return startRead(cx, rpc, out, sink);
  const { calls } = cx.exchange;
  const key = () => callKey(rpc, out);
  return kept.call({ of, rpc, holes: out.holes, key, calls, sink, start: (to) => startRead(cx, rpc, out, to) });
}

function startRead<Res>(
  cx: CallContext,
  rpc: Rpc<never, Res>,
  out: OutgoingCall,
  sink: Sink<Res>,
): Running | undefined {
  if (rpc.cache !== undefined) return CachedCall.start(cx, rpc, rpc.cache, out, sink);
  if (rpc.policy.coalesce) return coalesce(cx, rpc, out, sink);
  return Call.start(cx, rpc, out, false, sink);
}

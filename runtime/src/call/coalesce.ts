import type { Running } from "../scope/scope.ts";
import type { Sink } from "../scope/sink.ts";
import { Call } from "./call.ts";
import type { CallContext } from "./context.ts";
import { JoinSink } from "./join-sink.ts";
import type { OutgoingCall } from "./outgoing-call.ts";
import { SharedResult } from "./response-calls.ts";
import type { Rpc } from "./upstream.ts";

/** Waits for an equal call of this response, or starts the first one. */
export function coalesce<Res>(
  cx: CallContext,
  rpc: Rpc<never, Res>,
  outgoing: OutgoingCall,
  sink: Sink<Res>,
): Running | undefined {
  const { coalesced } = cx.exchange.calls;
  const calls = coalesced.get(rpc.policy) ?? new Map<string, SharedResult<unknown>>();
  coalesced.set(rpc.policy, calls);
  const id = identityOf(rpc, outgoing);
  // The same method under the same policy: the answer has the same type.
  let once = calls.get(id) as SharedResult<Res> | undefined;
  if (once !== undefined) {
    if (!cx.supplementary) once.call?.urge?.();
    const joinSink = rpc.upstream.observer?.joined === undefined ? sink : new JoinSink(cx, rpc, once.call, sink);
    return once.wait(cx.scope, joinSink);
  }
  const first = new SharedResult<Res>(rpc.method, () => {
    if (calls.get(id) === first) calls.delete(id);
  });
  once = first;
  calls.set(id, once);
  const waiting = once.wait(cx.scope, sink);
  // The call belongs to the response instead of this scope: other scopes may wait for it when this one has failed.
  once.call = Call.start(cx.shared(), rpc, outgoing, false, once);
  return waiting;
}

function identityOf({ method, upstream }: Rpc<never, unknown>, { frame, headers, identity }: OutgoingCall): string {
  // One response has one caller.
  const sent = Object.entries(headers ?? {})
    .filter(([name]) => name !== identity?.name)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify([method, upstream.shard, sent])}${Buffer.from(frame.buffer, frame.byteOffset, frame.length).toString("latin1")}`;
}

import { Request } from "../compose/request.ts";
import { type Failure, OVER } from "../failure.ts";
import { Call } from "./call.ts";
import type { Cause } from "./causes.ts";
import type { Outgoing } from "./outgoing.ts";
import type { Running, Scope } from "./scope.ts";
import type { Sink } from "./sink.ts";
import type { CallPolicy, Rpc } from "./upstream.ts";
import { Waiting } from "./waiting.ts";

/** The calls of one response that are made once, by policy and then by method, metadata and bytes. */
export type Coalesced = Map<CallPolicy, Map<string, Once<unknown>>>;

/** Waits for an equal call of this response, or starts the first one. */
export function coalesce<Res>(
  cx: Request<unknown>,
  rpc: Rpc<never, Res>,
  outgoing: Outgoing,
  sink: Sink<Res>,
): Running | undefined {
  const { coalesced } = cx.exchange;
  const calls = coalesced.get(rpc.policy) ?? new Map<string, Once<unknown>>();
  coalesced.set(rpc.policy, calls);
  const id = identityOf(rpc.method, outgoing);
  // The same method under the same policy: the answer has the same type.
  let once = calls.get(id) as Once<Res> | undefined;
  if (once !== undefined) return once.wait(cx.scope, sink);
  const first = new Once<Res>(() => {
    if (calls.get(id) === first) calls.delete(id);
  });
  once = first;
  calls.set(id, once);
  const waiting = once.wait(cx.scope, sink);
  // The call is the response's, not this scope's: others may wait for it when this scope has failed.
  const { app, exchange, root, pools } = cx;
  const { scope } = exchange;
  once.call = Call.start(new Request(app, exchange, { root, scope, pools }), rpc, outgoing, false, once);
  return waiting;
}

/** A call that several wait for. Its end, good or bad, is remembered; one that was cancelled has none. */
class Once<Res> implements Sink<Res> {
  call: Running | undefined;
  readonly #waiting = new Set<Waiting<Res>>();
  readonly #forget: () => void;
  #end: ((sink: Sink<Res>) => void) | undefined;

  constructor(forget: () => void) {
    this.#forget = forget;
  }
  wait(scope: Scope, sink: Sink<Res>): Running | undefined {
    if (this.#end !== undefined) {
      this.#end(sink);
      return undefined;
    }
    const waiting = new Waiting(scope, sink, this.#left);
    this.#waiting.add(waiting);
    return waiting;
  }
  readonly #left = (waiting: Waiting<Res>): void => {
    this.#waiting.delete(waiting);
    if (this.#waiting.size > 0) return;
    this.#forget();
    this.call?.cancel();
  };
  resolve(value: Res, cause?: Cause): void {
    this.#ended((sink) => sink.resolve(value, cause));
  }
  reject(failure: Failure): void {
    if (failure === OVER) this.#forget();
    let told = false;
    this.#ended((sink) => {
      if (told) failure.shared = true;
      told = true;
      sink.reject(failure);
    });
  }
  #ended(end: (sink: Sink<Res>) => void): void {
    this.#end = end;
    const all = [...this.#waiting];
    this.#waiting.clear();
    for (const waiting of all) end(waiting);
  }
}

function identityOf(method: string, { frame, headers }: Outgoing): string {
  const sent = Object.entries(headers ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify([method, sent])}${Buffer.from(frame.buffer, frame.byteOffset, frame.length).toString("latin1")}`;
}

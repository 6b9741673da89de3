import type { Failure } from "../failure.ts";
import type { JoinEvent } from "../observer-calls.ts";
import type { Cause } from "../scope/causes.ts";
import type { Sink } from "../scope/sink.ts";
import type { CallContext } from "./context.ts";
import type { Rpc } from "./upstream.ts";

/** Reports a call that waited for an equal one. */
export function reportJoin(
  { root, exchange }: CallContext,
  { upstream, method }: Rpc<never, unknown>,
  join: Pick<JoinEvent, "call" | "fetch" | "startedAt" | "outcome">,
): void {
  const { service, branch, shard, clock, observer } = upstream;
  const { trace } = exchange;
  observer?.joined?.({ request: root, service, branch, shard, method, ...join, endedAt: clock.now(), trace });
}

/** A sink that reports the end of an equal call to the observer, and passes it on. */
export class JoinSink<Res> implements Sink<Res> {
  readonly #cx: CallContext;
  readonly #rpc: Rpc<never, Res>;
  readonly #call: object | undefined;
  readonly #sink: Sink<Res>;
  readonly #startedAt: number;

  constructor(cx: CallContext, rpc: Rpc<never, Res>, call: object | undefined, sink: Sink<Res>) {
    this.#cx = cx;
    this.#rpc = rpc;
    this.#call = call;
    this.#sink = sink;
    this.#startedAt = rpc.upstream.clock.now();
  }
  resolve(value: Res, cause?: Cause): void {
    this.#report({ ok: true });
    this.#sink.resolve(value, cause);
  }
  reject(failure: Failure): void {
    this.#report({ ok: false, failure });
    this.#sink.reject(failure);
  }
  #report(outcome: JoinEvent["outcome"]): void {
    reportJoin(this.#cx, this.#rpc, { call: this.#call, startedAt: this.#startedAt, outcome });
  }
}

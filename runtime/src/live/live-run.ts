// Work of live answers outside of the opening: a composition, or a check of a permit.
import { create, type DescMessage, type DescMethodServerStreaming } from "@bufbuild/protobuf";
import { Degradation_Effect, DegradationSchema } from "@protobff/messages/bff/v1/degradation_pb.js";
import type { Purges } from "../cache/purges.ts";
import type { Clock } from "../clock.ts";
import { Exchange } from "../compose/exchange.ts";
import type { Request } from "../compose/request.ts";
import type { Failure } from "../failure.ts";
import type { KeptBytes } from "./kept-answers.ts";
import type { LiveOptions } from "./live-options.ts";
import type { LivePace } from "./live-pace.ts";
import type { LiveTurns } from "./live-turns.ts";

/** Waits between attempts after a failure. */
export const RETRY = { initialMs: 1_000, maxMs: 30_000, multiplier: 2 };
/** Path of all fields in a degradation. */
const WHOLE = "*";

/** Parts that all followers of one RPC share. */
export interface LiveParts<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal> {
  readonly method: DescMethodServerStreaming<I, O>;
  readonly options: LiveOptions<App, I, O, C, Principal>;
  readonly clock: Clock;
  readonly purges: Purges | undefined;
  readonly pool: KeptBytes;
  readonly turns: LiveTurns;
  readonly pace: LivePace;
}

/** The exchanges in progress of one holder, which end with it. */
export class LiveRuns<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal> {
  readonly #parts: LiveParts<App, I, O, C, Principal>;
  readonly #open = new Set<Exchange>();

  constructor(parts: LiveParts<App, I, O, C, Principal>) {
    this.#parts = parts;
  }
  /** Runs work in a request with a separate budget. Rejects with its failure. */
  async run<T>(of: Request<App, Principal>, work: (cx: Request<App, Principal>) => Promise<T>): Promise<T> {
    const { options, clock } = this.#parts;
    const { headers, observer } = of.exchange;
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => undefined);
    const { timeoutMs: methodMs, concurrent = 10 } = options;
    const common = { clock, headers, observer, methodMs, clientMs: undefined, concurrent };
    const exchange = new Exchange({ ...common, after: of.exchange, failed: reject });
    this.#open.add(exchange);
    try {
      return await Promise.race([work(of.within(exchange)), promise]);
    } finally {
      exchange.end();
      this.#open.delete(exchange);
    }
  }
  end(): void {
    for (const exchange of this.#open) exchange.end();
  }
}

/** Reports that clients keep an answer that may be old. */
export function reportStale<App, Principal>(
  { parent, name }: DescMethodServerStreaming,
  { root, exchange }: Request<App, Principal>,
  failure: Failure,
): void {
  const { headers, observer, trace } = exchange;
  const { reason, upstream } = failure;
  observer?.streamDegraded?.({
    request: root,
    header: (name) => headers.text(name),
    method: `${parent.typeName}/${name}`,
    degraded: [create(DegradationSchema, { path: WHOLE, effect: Degradation_Effect.STALE, reason, upstream })],
    failures: [failure],
    trace,
  });
}

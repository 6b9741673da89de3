import { Code } from "@protobff/runtime/internal/failure";
import type { ResponseEvent, StreamOpenEvent } from "@protobff/runtime/internal/observer-requests";
import { codeName } from "./durations.ts";
import { Counter } from "./series.ts";
import type { Family } from "./snapshot.ts";

/** Streams of one RPC. */
interface Streams {
  readonly open: Map<object, () => number>;
  /** Number of items of streams that have ended. */
  items: number;
}

/** Counts streams that are followed. */
export class StreamMetrics {
  readonly #methods = new Map<string, Streams>();
  readonly #ends = new Counter("bff_stream_ends_total", "Streams that have ended, by why and with which code.", [
    ...["rpc_method", "end", "rpc_response_status_code"],
  ]);

  readonly degraded = new Counter("bff_stream_items_degraded_total", "Messages of streams that lack something.", [
    "rpc_method",
  ]);

  /** Shows the counters of the rpc before its first stream. */
  begin(method: string): void {
    this.#of(method);
    this.degraded.begin(method);
  }
  #of(method: string): Streams {
    let streams = this.#methods.get(method);
    if (streams === undefined) {
      streams = { open: new Map(), items: 0 };
      this.#methods.set(method, streams);
    }
    return streams;
  }
  opened({ request, method, items }: StreamOpenEvent): void {
    this.#of(method).open.set(request, items);
  }
  ended({ request, method, outcome }: ResponseEvent, { items, end }: NonNullable<ResponseEvent["stream"]>): void {
    const streams = this.#methods.get(method);
    if (streams?.open.delete(request)) streams.items += items;
    this.#ends.add(method, end, codeName(outcome.ok ? Code.OK : outcome.failure.clientCode));
  }

  get families(): readonly Family[] {
    const all = [...this.#methods].map(([method, streams]) => ({ labels: ["rpc_method", method], ...streams }));
    return [
      {
        name: "bff_streams_open",
        type: "gauge",
        merge: "sum",
        help: "Streams that are followed.",
        samples: all.map(({ labels, open }) => ({ labels, value: open.size })),
      },
      {
        name: "bff_stream_items_total",
        type: "counter",
        merge: "sum",
        help: "Messages that followers of streams were given, without heartbeats.",
        samples: all.map(({ labels, open, items }) => {
          let value = items;
          for (const current of open.values()) value += current();
          return { labels, value };
        }),
      },
      this.degraded.family,
      this.#ends.family,
    ];
  }
}

import { Code, codeName } from "@protobff/runtime/internal/failure";
import type { ResponseEvent, StreamOpenEvent } from "@protobff/runtime/internal/observer-requests";
import { byLabel, counter, gauge } from "./family.ts";
import { Counter } from "./series.ts";
import type { Family, Sample } from "./snapshot.ts";
import type { Zeros } from "./zeros.ts";

/** Streams of one RPC. */
interface Streams {
  readonly open: Map<object, StreamOpenEvent>;
  /** Number of items of streams that have ended. */
  items: number;
}

/** Counts streams that are followed. */
export class StreamMetrics {
  readonly #methods = new Map<string, Streams>();
  /** Sources of callers that have opened streams. */
  readonly #sources = new Set<string>();
  readonly #ends = new Counter("bff_stream_ends_total", "Streams that have ended, by why and with which code.", [
    ...["rpc_method", "end", "rpc_response_status_code"],
  ]);

  readonly degraded = new Counter("bff_stream_items_degraded_total", "Messages of streams that lack something.", [
    "rpc_method",
  ]);

  /** Shows the counters of the rpc before its first stream. */
  begin(method: string, zeros: Zeros): void {
    if (zeros.take(2)) this.#of(method);
    zeros.series(this.degraded, method);
  }
  #of(method: string): Streams {
    let streams = this.#methods.get(method);
    if (streams === undefined) {
      streams = { open: new Map(), items: 0 };
      this.#methods.set(method, streams);
    }
    return streams;
  }
  opened(event: StreamOpenEvent): void {
    this.#of(event.method).open.set(event.request, event);
    this.#sources.add(event.source ?? NONE);
  }
  ended({ request, method, outcome }: ResponseEvent, { items, end }: NonNullable<ResponseEvent["stream"]>): void {
    const streams = this.#methods.get(method);
    if (streams?.open.delete(request)) streams.items += items;
    this.#ends.add(method, end, codeName(outcome.ok ? Code.OK : outcome.failure.clientCode));
  }

  get families(): readonly Family[] {
    const all = [...this.#methods].map(([method, streams]) => ({ labels: ["rpc_method", method], ...streams }));
    const open = all.map(({ labels, open }) => ({ labels, value: open.size }));
    const items = all.map(({ labels, open, items }) => {
      let value = items;
      for (const stream of open.values()) value += stream.items();
      return { labels, value };
    });
    return [
      gauge("bff_streams_open", "Streams that are followed.", open),
      counter("bff_stream_items_total", "Messages that followers of streams were given, without heartbeats.", items),
      this.degraded.family,
      this.#ends.family,
      gauge(
        "bff_streams_by_source",
        "Streams that are followed, by the source of the caller's credential.",
        this.#bySource(),
      ),
    ];
  }
  #bySource(): readonly Sample[] {
    const counts = new Map([...this.#sources].map((source) => [source, 0]));
    for (const { open } of this.#methods.values())
      for (const { source = NONE } of open.values()) counts.set(source, (counts.get(source) ?? 0) + 1);
    return byLabel("source", counts);
  }
}

/** Label of streams whose caller is unknown. */
const NONE = "none";

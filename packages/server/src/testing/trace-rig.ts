import type { Clock } from "@protobff/runtime/internal/clock";
import type { SpanRecord, SpanSink } from "../telemetry/span.ts";
import { Tracing, type TracingOptions } from "../telemetry/tracing.ts";

/** Keeps all spans that it is given, in one list. */
export class CollectingSink implements SpanSink {
  readonly spans: SpanRecord[] = [];
  batches = 0;
  export(spans: readonly SpanRecord[]): void {
    this.spans.push(...spans);
    this.batches++;
  }
  async close(): Promise<void> {}

  named(name: string): SpanRecord[] {
    return this.spans.filter((span) => span.name === name);
  }
  /** The spans as a tree of names, children in the order of their starts and names; what has no parent here stands at the left. */
  get tree(): string[] {
    const known = new Set(this.spans.map(({ spanId }) => spanId));
    const below = (parent: string | undefined, depth: number): string[] =>
      this.spans
        .filter(({ parentSpanId }) => (parent === undefined ? !known.has(parentSpanId) : parentSpanId === parent))
        .flatMap((span) => [`${"  ".repeat(depth)}${spanText(span)}`, ...below(span.spanId, depth + 1)]);
    return below(undefined, 0);
  }
}

const KINDS = { 1: "internal", 2: "server", 3: "client" } as const;
/** What of a span differs between spans: without ids and what is always there. */
function spanText({ name, kind, attributes, startUnixNano, endUnixNano, links, status }: SpanRecord): string {
  const shown = attributes.filter(([key]) => !key.startsWith("rpc.") || key === "rpc.response.status_code");
  const ms = Number(endUnixNano - startUnixNano) / 1e6;
  const text = shown.map(([key, value]) => `${key.replace("rpc.response.status_code", "code")}=${value}`).join(" ");
  return `${name} ${KINDS[kind]} ${ms} ms${status === 2 ? " ERROR" : ""}${text === "" ? "" : ` ${text}`}${links.length > 0 ? ` links=${links.length}` : ""}`;
}

export function attributesOf({ attributes }: SpanRecord): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes);
}

export function tracingTo(sink: SpanSink, clock: Clock, options: Partial<TracingOptions> = {}): Tracing {
  return new Tracing({ sink, clock, sampling: { parent: true, ratio: undefined }, ...options });
}

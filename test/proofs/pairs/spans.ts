// The spans of a row: each request has a tree of spans, and each span an end.
import type { CollectedSpan } from "../../features/telemetry/otlp/receiver.ts";

const SERVER = 2;

/** Returns what is wrong with the spans of a server that has answered this number of requests and sampled them all. */
export function faultsOfSpans(spans: readonly CollectedSpan[], requestCount: number): readonly string[] {
  const wrong: string[] = [];
  const roots = spans.filter(({ kind }) => kind === SERVER);
  if (roots.length !== requestCount) wrong.push(`traces: ${roots.length} of ${requestCount} requests have a span`);
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  if (byId.size !== spans.length) wrong.push(`traces: ${spans.length - byId.size} spans came twice`);
  for (const span of spans) {
    const { name, kind, parentSpanId, startTimeUnixNano: start, endTimeUnixNano: end } = span;
    const parent = byId.get(parentSpanId);
    if (BigInt(end) < BigInt(start)) wrong.push(`traces: ${name} ends before it starts`);
    if (kind === SERVER) continue;
    if (parent === undefined) wrong.push(`traces: ${name} belongs to no request`);
    else if (parent.traceId !== span.traceId) wrong.push(`traces: ${name} is in another trace than its parent`);
    else if (BigInt(start) < BigInt(parent.startTimeUnixNano)) wrong.push(`traces: ${name} starts before its parent`);
  }
  return wrong;
}

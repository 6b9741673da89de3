import { expect, test } from "vitest";
import type { CollectedSpan } from "../../features/telemetry/otlp/receiver.ts";
import { faultsOfSpans } from "./spans.ts";

const span = (spanId: string, parentSpanId: string, more: Partial<CollectedSpan> = {}): CollectedSpan => ({
  service: "shop",
  traceId: "t",
  spanId,
  parentSpanId,
  name: spanId,
  kind: parentSpanId === "" ? 2 : 3,
  startTimeUnixNano: "1",
  endTimeUnixNano: "2",
  attributes: {},
  links: [],
  failed: false,
  ...more,
});
const REQUEST = span("request", "");

test.each<readonly [spans: readonly CollectedSpan[], wrong: readonly string[]]>([
  [[REQUEST, span("call", "request")], []],
  [[], ["traces: 0 of 1 requests have a span"]],
  [
    [REQUEST, REQUEST],
    ["traces: 2 of 1 requests have a span", "traces: 1 spans came twice"],
  ],
  [[REQUEST, span("call", "other")], ["traces: call belongs to no request"]],
  [[REQUEST, span("call", "request", { traceId: "u" })], ["traces: call is in another trace than its parent"]],
  [[REQUEST, span("call", "request", { startTimeUnixNano: "0" })], ["traces: call starts before its parent"]],
  [[REQUEST, span("call", "request", { startTimeUnixNano: "3" })], ["traces: call ends before it starts"]],
])("faults of spans, %#", (spans, wrong) => {
  expect(faultsOfSpans(spans, 1)).toEqual(wrong);
});

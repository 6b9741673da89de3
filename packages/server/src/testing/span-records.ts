import { SpanKind, type SpanRecord } from "../telemetry/span.ts";

let last = 0;

/** A span of its own id, as small as one may be. */
export function spanRecord(more: Partial<SpanRecord> = {}): SpanRecord {
  return {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: (++last).toString(16).padStart(16, "0"),
    parentSpanId: "",
    flags: 1,
    traceState: "",
    name: "web.v1.DashboardService/GetDashboard",
    kind: SpanKind.server,
    startUnixNano: 1_795_252_474_123_456_789n,
    endUnixNano: 1_795_252_474_133_456_789n,
    attributes: [],
    events: [],
    links: [],
    status: 0,
    message: "",
    ...more,
  };
}

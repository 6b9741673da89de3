// Metrics and traces of the demo. Metrics have a separate port; OpenTelemetry's variables set the receiver of traces.
import { randomBytes } from "node:crypto";

/** The trace of one request. */
export interface DemoTrace {
  readonly id: string;
  /** W3C's header: sampled. */
  readonly traceparent: string;
}

export function newTrace(): DemoTrace {
  const id = randomBytes(16).toString("hex");
  return { id, traceparent: `00-${id}-${randomBytes(8).toString("hex")}-01` };
}

/** The receiver of traces; the BFFs read the same variables. */
export function tracesGoTo(): string | undefined {
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces, OTEL_EXPORTER_OTLP_ENDPOINT: all } = process.env;
  return traces || all || undefined;
}

/** The lines of a BFF's metrics that show the demo's faults. */
export async function faultMetrics(metrics: string): Promise<readonly string[]> {
  const lines = (await (await fetch(metrics)).text()).split("\n");
  return lines
    .filter((line) => /^(rpc_server_call_duration_seconds_count|bff_degraded_total)\{/.test(line))
    .concat(lines.filter((line) => /^bff_breaker_state\{.*state="(half-)?open".*\} 1$/.test(line)));
}

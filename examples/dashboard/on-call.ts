// What the people on call find: metrics at a port of their own, and traces where OpenTelemetry's variables send them.
import { randomBytes } from "node:crypto";

/** The trace of one request: what its client says of itself, and the id by which it is found. */
export interface DemoTrace {
  readonly id: string;
  /** W3C's header: sampled. */
  readonly traceparent: string;
}

export function newTrace(): DemoTrace {
  const id = randomBytes(16).toString("hex");
  return { id, traceparent: `00-${id}-${randomBytes(8).toString("hex")}-01` };
}

/** Where traces go; the BFFs read the same variables. */
export function tracesGoTo(): string | undefined {
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: own, OTEL_EXPORTER_OTLP_ENDPOINT: all } = process.env;
  return own || all || undefined;
}

/** The lines of a BFF's metrics that tell of what the demo has done to it. */
export async function telling(metrics: string): Promise<readonly string[]> {
  const lines = (await (await fetch(metrics)).text()).split("\n");
  return lines
    .filter((line) => /^(rpc_server_call_duration_seconds_count|bff_degraded_total)\{/.test(line))
    .concat(lines.filter((line) => /^bff_breaker_state\{.*state="(half-)?open".*\} 1$/.test(line)));
}

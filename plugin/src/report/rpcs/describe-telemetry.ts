import type { PlanTelemetry } from "../../plan/model/plan.ts";

/** Report of the traces of an rpc's requests: expressions appear as written. */
export interface TelemetryReport {
  readonly sample?: number;
  readonly slow_ms?: number;
  readonly attributes?: readonly string[];
}

export function telemetryReport({ of: { sample, slowMs, attributes } }: PlanTelemetry): TelemetryReport {
  return {
    ...(sample !== undefined && { sample }),
    ...(slowMs !== undefined && { slow_ms: slowMs }),
    ...(attributes.length > 0 && { attributes: attributes.map(({ text }) => text.value) }),
  };
}

/** Returns the same report in a line. */
export function telemetryLine(telemetry: PlanTelemetry): string {
  const { sample, slow_ms, attributes = [] } = telemetryReport(telemetry);
  const parts = [
    ...(sample === undefined ? [] : [`${sample * 100} % of requests`]),
    ...(slow_ms === undefined ? [] : [`those over ${slow_ms} ms`]),
    ...(attributes.length === 0 ? [] : [`with ${attributes.join(", ")}`]),
  ];
  return `traces: ${parts.join(", ")}`;
}

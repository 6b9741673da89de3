import type { PlanTelemetry } from "../../plan/model/plan.ts";
import type { Meter } from "../../resolve/model/model.ts";

/** Report of the traces and meters of an rpc's requests: expressions appear as written. */
export interface TelemetryReport {
  readonly sample?: number;
  readonly slow_ms?: number;
  readonly attributes?: readonly string[];
  readonly meters?: readonly MeterReport[];
}
interface MeterReport {
  readonly name: string;
  readonly by: string;
  readonly labels?: readonly { readonly name: string; readonly by: string }[];
}

export function telemetryReport({ of: { sample, slowMs, attributes, meters } }: PlanTelemetry): TelemetryReport {
  return {
    ...(sample !== undefined && { sample }),
    ...(slowMs !== undefined && { slow_ms: slowMs }),
    ...(attributes.length > 0 && { attributes: attributes.map(({ text }) => text.value) }),
    ...(meters.length > 0 && { meters: meters.map(meterReport) }),
  };
}

function meterReport({ ir: { name, by, labels } }: Meter): MeterReport {
  return {
    name: name.value,
    by: by.value,
    ...(labels.length > 0 && { labels: labels.map((label) => ({ name: label.name.value, by: label.by.value })) }),
  };
}

/** Returns the same report in lines. */
export function telemetryLines(telemetry: PlanTelemetry): readonly string[] {
  const { sample, slow_ms, attributes = [], meters = [] } = telemetryReport(telemetry);
  const parts = [
    ...(sample === undefined ? [] : [`${sample * 100} % of requests`]),
    ...(slow_ms === undefined ? [] : [`those over ${slow_ms} ms`]),
    ...(attributes.length === 0 ? [] : [`with ${attributes.join(", ")}`]),
  ];
  return [
    ...(parts.length === 0 ? [] : [`traces: ${parts.join(", ")}`]),
    ...meters.map(({ name, by, labels = [] }) => {
      const labelled = labels.map((label) => `, ${label.name} ${label.by}`);
      return `counts bff_meter_${name}_total: ${by}${labelled.join("")}`;
    }),
  ];
}

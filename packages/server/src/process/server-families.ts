// Metrics that the server has beside what its observers count: keys, certificates, spans.
import type { Metrics } from "../metrics/metrics.ts";
import type { Family, Sample } from "../metrics/snapshot.ts";
import type { CertificateFiles } from "./certificate-files.ts";
import type { Traces } from "./open-traces.ts";

const DAY_MS = 24 * 3_600_000;

/** When the keys of sources were fetched. */
export class KeySets {
  readonly #at = new Map<string, number>();
  /** The keys of this source are new. */
  fetched = (source: string): void => {
    this.#at.set(source, performance.now());
  };
  get families(): readonly Family[] {
    const now = performance.now();
    const samples = [...this.#at].map(([source, at]) => ({ labels: ["source", source], value: (now - at) / 1000 }));
    return [gauge("bff_key_set_age_seconds", "How long ago the keys of an issuer were fetched.", "max", samples)];
  }
}

export function addCertificates(
  metrics: Metrics | undefined,
  files: readonly Pick<CertificateFiles, "variable" | "ends">[],
): void {
  metrics?.add(() => {
    const samples = files.flatMap(({ variable, ends }) => {
      if (ends === undefined) return []; // authorities alone
      return [{ labels: ["variable", variable], value: (ends.getTime() - Date.now()) / DAY_MS }];
    });
    return [gauge("bff_certificate_days_left", "How long a certificate still holds, in days.", "min", samples)];
  });
}

export function addSpans(metrics: Metrics | undefined, traces: Pick<Traces, "counts"> | undefined): void {
  if (traces === undefined) return;
  metrics?.add(() => {
    const { exported, dropped } = traces.counts();
    return [
      counter("bff_spans_exported_total", "Spans that a receiver of traces has taken.", exported),
      counter(
        "bff_spans_dropped_total",
        "Spans that are lost, since no receiver took them or too many waited.",
        dropped,
      ),
    ];
  });
}

export function addUsage(metrics: Metrics | undefined, usage: { readonly lost: number } | undefined): void {
  if (usage === undefined) return;
  metrics?.add(() => [
    counter(
      "bff_usage_lost_total",
      "Usage events that are lost, because too many waited or the process ended.",
      usage.lost,
    ),
  ]);
}

export function addOverrides(
  metrics: Metrics | undefined,
  overrides: { readonly faultyRows: readonly (readonly [string, number])[] } | undefined,
): void {
  if (overrides === undefined) return;
  metrics?.add(() => {
    const samples = overrides.faultyRows.map(([table, value]) => ({ labels: ["table", table], value }));
    return [gauge("bff_override_faulty_rows", "Rows of the operators' tables that do not apply.", "max", samples)];
  });
}

function gauge(name: string, help: string, merge: Family["merge"], samples: readonly Sample[]): Family {
  return { name, help, type: "gauge", merge, samples };
}
function counter(name: string, help: string, value: number): Family {
  return { name, help, type: "counter", merge: "sum", samples: [{ labels: [], value }] };
}

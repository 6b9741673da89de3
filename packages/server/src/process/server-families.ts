// Metrics that the server has beside what its observers count: keys, certificates, spans. Loaded with the metrics.
import { byLabel, counter, gauge } from "../metrics/family.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Family } from "../metrics/snapshot.ts";
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
    const ages = [...this.#at].map(([source, at]) => [source, (now - at) / 1000] as const);
    const help = "How long ago the keys of an issuer were fetched.";
    return [gauge("bff_key_set_age_seconds", help, byLabel("source", ages), "max")];
  }
}

export function addCertificates(metrics: Metrics, files: readonly Pick<CertificateFiles, "variable" | "ends">[]): void {
  metrics.add(() => {
    const days = files.flatMap(({ variable, ends }) => {
      if (ends === undefined) return []; // authorities alone
      return [[variable, (ends.getTime() - Date.now()) / DAY_MS] as const];
    });
    const help = "How long a certificate still holds, in days.";
    return [gauge("bff_certificate_days_left", help, byLabel("variable", days), "min")];
  });
}

export function addSpans(metrics: Metrics, traces: Pick<Traces, "counts"> | undefined): void {
  if (traces === undefined) return;
  metrics.add(() => {
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

export function addUsage(metrics: Metrics, usage: { readonly lost: number } | undefined): void {
  if (usage === undefined) return;
  metrics.add(() => [
    counter(
      "bff_usage_lost_total",
      "Usage events that are lost, because too many waited or the process ended.",
      usage.lost,
    ),
  ]);
}

export function addOverrides(
  metrics: Metrics,
  overrides: { readonly faultyRows: readonly (readonly [string, number])[] } | undefined,
): void {
  if (overrides === undefined) return;
  metrics.add(() => {
    const rows = byLabel("table", overrides.faultyRows);
    return [gauge("bff_override_faulty_rows", "Rows of the operators' tables that do not apply.", rows, "max")];
  });
}

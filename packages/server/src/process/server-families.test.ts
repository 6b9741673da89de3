import { afterEach, expect, it } from "vitest";
import { Metrics } from "../metrics/metrics.ts";
import { renderPrometheus } from "../metrics/render.ts";
import type { CertificateFiles } from "./certificate-files.ts";
import type { Traces } from "./open-traces.ts";
import { addCertificates, addOverrides, addSpans, KeySets } from "./server-families.ts";

const metrics = new Metrics();
afterEach(() => metrics.close());

it("the metrics show the age of keys, the remaining time of certificates, the outcome of spans, and faulty rows", () => {
  const keySets = new KeySets();
  metrics.add(() => keySets.families);
  const ends = new Date(Date.now() + 36 * 3_600_000);
  const files = [
    { variable: "TLS_CERT_FILE", ends },
    { variable: "A_V1_A_CA_FILE", ends: undefined },
  ];
  addCertificates(metrics, files as unknown as readonly CertificateFiles[]);
  addSpans(metrics, { counts: () => ({ exported: 5, dropped: 2 }) } as unknown as Traces);
  addOverrides(metrics, { faultyRows: [["bff_deny", 3]] });
  const shown = () => renderPrometheus(metrics.snapshot());
  expect(shown()).not.toContain("bff_key_set_age_seconds{");
  keySets.fetched("user");
  expect(shown()).toMatch(/^bff_key_set_age_seconds\{source="user"\} 0\.\d+/m);
  expect(shown()).toMatch(/^bff_certificate_days_left\{variable="TLS_CERT_FILE"\} 1\.(5|49)/m);
  expect(shown()).not.toContain("A_V1_A_CA_FILE");
  expect(shown()).toContain("bff_spans_exported_total 5\n");
  expect(shown()).toContain("bff_spans_dropped_total 2\n");
  expect(shown()).toContain('bff_override_faulty_rows{table="bff_deny"} 3\n');
});

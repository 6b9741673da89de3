import type { Family, MetricsSnapshot, Sample } from "./snapshot.ts";

/** Prometheus' text format, and what became of it, OpenMetrics. */
export type MetricsFormat = "prometheus" | "openmetrics";

export const CONTENT_TYPES: Readonly<Record<MetricsFormat, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** Returns the format that the `accept` header prefers: OpenMetrics only if it is named. */
export function formatFor(accept: string | undefined): MetricsFormat {
  let best: MetricsFormat = "prometheus";
  let most = 0;
  for (const item of (accept ?? "").slice(0, MAX_ACCEPT_CHARACTERS).split(",")) {
    const [type = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
    const format = FORMATS.get(type);
    if (format === undefined || !versionFits(format, parameters)) continue;
    const weight = Number(parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? 1);
    if (!(weight > most)) continue;
    most = weight;
    best = format;
  }
  return best;
}
const MAX_ACCEPT_CHARACTERS = 1_000;
const FORMATS = new Map<string, MetricsFormat>([
  ["application/openmetrics-text", "openmetrics"],
  ["text/plain", "prometheus"],
  ["text/*", "prometheus"],
  ["*/*", "prometheus"],
]);
function versionFits(format: MetricsFormat, parameters: readonly string[]): boolean {
  const version = parameters.find((parameter) => parameter.startsWith("version="))?.slice("version=".length);
  if (version === undefined) return true;
  return format === "prometheus" ? version === "0.0.4" : version === "1.0.0" || version === "0.0.1";
}

/** Renders metrics in one of the two formats. Families without samples are left out. */
export function renderPrometheus({ families }: MetricsSnapshot, format: MetricsFormat = "prometheus"): string {
  const shown = families.filter(({ samples }) => samples.length > 0);
  const text = shown.map((family) => renderFamily(family, format)).join("");
  return format === "openmetrics" ? `${text}# EOF\n` : text;
}

function renderFamily(family: Family, format: MetricsFormat): string {
  const { name, help, type, samples } = family;
  // OpenMetrics names a counter without the ending of its samples.
  const familyName = format === "openmetrics" && type === "counter" ? name.replace(/_total$/, "") : name;
  const unit = format === "openmetrics" ? /_(seconds|bytes|days)$/.exec(familyName)?.[1] : undefined;
  const lines = [`# HELP ${familyName} ${escapedHelp(help, format)}\n`, `# TYPE ${familyName} ${type}\n`];
  if (unit !== undefined) lines.push(`# UNIT ${familyName} ${unit}\n`);
  for (const sample of samples) {
    if (type === "histogram") lines.push(histogram(name, family.bounds ?? [], sample));
    else lines.push(line(name, sample.labels, sample.value));
  }
  return lines.join("");
}

function histogram(name: string, bounds: readonly number[], { labels, value, counts = [] }: Sample): string {
  let below = 0;
  const lines = counts.map((count, i) => {
    below += count;
    const bound = bounds[i];
    return line(`${name}_bucket`, [...labels, "le", bound === undefined ? "+Inf" : decimal(bound)], below);
  });
  return `${lines.join("")}${line(`${name}_sum`, labels, value)}${line(`${name}_count`, labels, below)}`;
}

function line(name: string, labels: readonly string[], value: number): string {
  let text = "";
  for (let i = 0; i + 1 < labels.length; i += 2) {
    text += `${i === 0 ? "" : ","}${labels[i]}="${escaped(labels[i + 1] ?? "")}"`;
  }
  return `${name}${text === "" ? "" : `{${text}}`} ${number(value)}\n`;
}

/** Formats a bucket's bound the same way in all formats: `1.0`, as OpenMetrics requires. */
const decimal = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : String(value));

function number(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? "+Inf" : "-Inf";
}

function escaped(text: string): string {
  return text.replace(SPECIAL, (found) => ESCAPES[found] ?? "\uFFFD").toWellFormed();
}
/** Escapes help text. Only OpenMetrics escapes quotes in it. */
function escapedHelp(text: string, format: MetricsFormat): string {
  return format === "openmetrics" ? escaped(text) : escaped(text).replaceAll('\\"', '"');
}
const SPECIAL = /[\\"\n]/g;
const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", '"': '\\"', "\n": "\\n" };

// Words of PromQL: https://prometheus.io/docs/prometheus/latest/querying/basics/

/** A text as PromQL has it. */
function text(value: string): string {
  return `"${value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`;
}

/** Labels that are one of these: `=` for one, else a regular expression of RE2. */
export function anyOf(label: string, values: readonly string[]): string {
  const [only] = values;
  if (only !== undefined && values.length === 1) return `${label}=${text(only)}`;
  return `${label}=~${text(values.map(plain).join("|"))}`;
}

/** Rpcs of these services. */
export function rpcsOf(services: readonly string[]): string {
  const all = services.map(plain).join("|");
  return `rpc_method=~${text(`${services.length === 1 ? all : `(${all})`}/.+`)}`;
}

const plain = (value: string): string => value.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

/** A metric with what its labels are to be. */
export function series(name: string, ...matchers: readonly string[]): string {
  return matchers.length === 0 ? name : `${name}{${matchers.join(", ")}}`;
}

export const sumBy = (labels: readonly string[], inner: string): string => `sum by (${labels.join(", ")}) (${inner})`;
export const rate = (counter: string, window: string): string => `rate(${counter}[${window}])`;
export const quantile = (q: number, buckets: string): string => `histogram_quantile(${q}, ${buckets})`;

/**
 * Codes that are the server's fault, after OpenTelemetry's conventions; the others are responses, or the caller's
 * fault.
 */
export const ERRORS =
  'rpc_response_status_code=~"UNKNOWN|DEADLINE_EXCEEDED|UNIMPLEMENTED|INTERNAL|UNAVAILABLE|DATA_LOSS"';
/** Ends of streams that may be the server's fault: with a code of `ERRORS` they are. */
export const BROKEN = 'end=~"failed|idle"';

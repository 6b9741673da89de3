/** Names of headers that differ from request to request. */
export const REQUEST_IDS: ReadonlySet<string> = new Set([
  "x-request-id",
  "x-correlation-id",
  "x-trace-id",
  "x-amzn-trace-id",
  "x-cloud-trace-context",
  "traceparent",
  "b3",
]);

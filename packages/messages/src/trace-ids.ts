/**
 * Whether a header only identifies the request that a call belongs to, as in `traceparent`. By `forward` it is no part of keys, `Vary` and
 * whatever else compares answers. A value that an expression has made always is, as are `baggage` and `tracestate`: upstreams answer by them.
 */
export function isTraceId(name: string): boolean {
  return /^(traceparent|b3|x-request-id|x-b3-.*)$/.test(name);
}

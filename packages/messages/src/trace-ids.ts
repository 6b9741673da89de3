/**
 * Reports whether a header only identifies the request that a call belongs to, as `traceparent` does. Such a header of
 * `forward` is no part of keys, of `Vary`, or of anything else that compares answers. A header with the value of an
 * expression always is a part, and so are `baggage` and `tracestate`, because answers of upstreams depend on them.
 *
 * @example
 * isTraceId("traceparent"); // true
 */
export function isTraceId(name: string): boolean {
  return /^(traceparent|b3|x-request-id|x-b3-.*)$/.test(name);
}

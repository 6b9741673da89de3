/** Whether metadata only tells where a request came from: it is no part of a cache's key (runtime.md, "Coalescing and caching"). */
export function isTracing(name: string): boolean {
  return /^(traceparent|tracestate|baggage|b3|x-request-id|x-b3-.*)$/.test(name);
}

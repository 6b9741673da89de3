import { cors } from "@connectrpc/connect";
import type { Handler, ServerRequest, ServerResponse } from "./listener.ts";

const METHODS = cors.allowedMethods.join(", ");
const HEADERS = cors.allowedHeaders.join(", ");
/** What scripts may see besides the protocols' own: which fields are degraded, and when not to come back. */
const EXPOSED = [...cors.exposedHeaders, "bff-degraded", "grpc-retry-pushback-ms"].join(", ");
const MAX_AGE_S = "7200";

/**
 * Lets scripts of these origins call, and answers their preflight requests. Requests of other origins get no CORS
 * headers, which makes the browser refuse. Cookies are not allowed for any origin.
 */
export function withCors(origins: readonly string[], handler: Handler): Handler {
  if (origins.length === 0) return handler;
  const allowed = new Set(origins);
  const any = allowed.has("*");
  return (request, response) => {
    const origin = request.headers.origin;
    // Caches must know even when this one has no origin.
    if (!any) response.setHeader("vary", "origin");
    const permitted = origin !== undefined && (any || allowed.has(origin));
    if (permitted) {
      response.setHeader("access-control-allow-origin", any ? "*" : origin);
      response.setHeader("access-control-expose-headers", EXPOSED);
    }
    if (request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined) {
      preflight(request, response, permitted);
    } else {
      handler(request, response);
    }
  };
}

function preflight(request: ServerRequest, response: ServerResponse, permitted: boolean): void {
  if (permitted) {
    response.setHeader("access-control-allow-methods", METHODS);
    // A BFF cannot know its callers' headers (they are forwarded as configured), so a listed origin may send any.
    response.setHeader("access-control-allow-headers", request.headers["access-control-request-headers"] ?? HEADERS);
    response.setHeader("access-control-max-age", MAX_AGE_S);
  }
  response.statusCode = 204;
  response.end();
}

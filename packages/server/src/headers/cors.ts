import { cors } from "@connectrpc/connect";
import { REQUEST_ID } from "@protobff/runtime/internal/call/request-id";
import type { Handler, ServerRequest, ServerResponse } from "../carrier/handler.ts";

/** Includes the methods of REST; a path refuses methods that it does not support. */
const METHODS = [...cors.allowedMethods, "PUT", "PATCH", "DELETE"].join(", ");
const HEADERS = cors.allowedHeaders.join(", ");
/**
 * Headers that scripts may read besides the protocols' own: degraded fields, times before a retry, rate limits, the
 * sunset date of an RPC, and deprecated fields of a request.
 */
const EXPOSED = [
  ...cors.exposedHeaders,
  ...[
    "bff-degraded",
    "bff-deprecated-fields",
    "grpc-retry-pushback-ms",
    "retry-after",
    "ratelimit",
    "ratelimit-policy",
    "etag",
    "bff-heartbeat",
    "bff-refused",
    "bff-resume",
    "deprecation",
    "sunset",
    "link",
    "www-authenticate",
    REQUEST_ID,
  ],
].join(", ");
const MAX_AGE_S = "7200";

/** Returns the headers of an answer to a request with this `origin`, or with none: names and values in turn. */
export type CorsHeaders = (origin: string | undefined) => readonly string[];

/**
 * Returns headers that let scripts of these origins read answers. Other origins receive no such headers, which makes
 * the browser refuse. Cookies are not allowed for any origin.
 *
 * @param endpoints whose headers of answers scripts may read, too
 */
export function corsHeaders(
  origins: readonly string[],
  endpoints: readonly { readonly headerNames?: readonly string[] | undefined }[] = [],
): CorsHeaders {
  const allowed = new Set(origins);
  const exposed = [...new Set([EXPOSED, ...endpoints.flatMap(({ headerNames = [] }) => headerNames)])].join(", ");
  const any = allowed.has("*");
  // Caches need `vary` even for a request without origin.
  const vary = any || origins.length === 0 ? [] : ["vary", "origin"];
  return (origin) => {
    if (origin === undefined || !(any || allowed.has(origin))) return vary;
    return [...vary, "access-control-allow-origin", any ? "*" : origin, "access-control-expose-headers", exposed];
  };
}

/** Adds the headers to answers, and answers preflight requests. */
export function withCors(headersFor: CorsHeaders, handler: Handler): Handler {
  return (request, response) => {
    const headers = headersFor(request.headers.origin);
    for (let i = 0; i + 1 < headers.length; i += 2) response.setHeader(headers[i] ?? "", headers[i + 1] ?? "");
    const permitted = headers.includes("access-control-allow-origin");
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
    // A BFF has no list of its callers' headers, which are forwarded as configured, so a listed origin may send any.
    response.setHeader("access-control-allow-headers", request.headers["access-control-request-headers"] ?? HEADERS);
    response.setHeader("access-control-max-age", MAX_AGE_S);
  }
  response.statusCode = 204;
  response.end();
}

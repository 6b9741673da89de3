import type { Handler } from "../carrier/handler.ts";
import type { CorsHeaders } from "./cors.ts";

/**
 * Headers of every answer: browsers must not interpret JSON as a page. Answers to GET, which people may open, also
 * forbid framing (OWASP, REST Security Cheat Sheet). There is no `default-src`: after a login the browser may show an
 * answer of this server whose scripts call it.
 */
const ALWAYS = ["x-content-type-options", "nosniff"];
export const SHOWN = ["content-security-policy", "frame-ancestors 'none'"];

/**
 * Security headers of HTTP answers, except for those of gRPC, which browsers do not use.
 *
 * @param hstsMs time for which browsers must use TLS only (RFC 6797); 0: no header
 */
export class SecurityHeaders {
  readonly #always: readonly string[];
  readonly #cors: CorsHeaders;
  /** Headers by origin: none, and the few that may call. */
  readonly #known = new Map<string | undefined, readonly string[]>();

  constructor(hstsMs: number, cors: CorsHeaders) {
    const hsts = hstsMs === 0 ? [] : ["strict-transport-security", `max-age=${Math.floor(hstsMs / 1_000)}`];
    this.#always = [...ALWAYS, ...hsts];
    this.#cors = cors;
  }
  /** Returns the headers, including those of CORS, for a request with this `origin`, or with none. */
  of = (origin: string | undefined): readonly string[] => {
    const known = this.#known.get(origin);
    if (known !== undefined) return known;
    const cors = this.#cors(origin);
    const all = [...this.#always, ...cors];
    if (origin === undefined || (cors.includes("access-control-allow-origin") && this.#known.size < MAX_ORIGINS))
      this.#known.set(origin, all);
    return all;
  };
  /** Adds the headers to answers outside the fast path. */
  added(handler: Handler): Handler {
    return (request, response) => {
      const type = request.headers["content-type"] ?? "";
      if (!type.startsWith("application/grpc") || type.startsWith("application/grpc-web")) {
        const shown = request.method === "GET" || request.method === "HEAD" ? SHOWN : [];
        for (const headers of [this.#always, shown])
          for (let i = 0; i + 1 < headers.length; i += 2) response.setHeader(headers[i] ?? "", headers[i + 1] ?? "");
      }
      handler(request, response);
    };
  }
}
/** Bound of the memo: if all origins may call, clients choose its keys. */
const MAX_ORIGINS = 64;

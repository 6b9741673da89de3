import type { Handler } from "../carrier/handler.ts";
import type { CorsHeaders } from "./cors.ts";

/**
 * What browsers are told of every answer: that JSON is not to be taken for a page. Of those to GET, which people may open, also that no page may
 * frame them (OWASP, REST Security Cheat Sheet). No `default-src`: after a login what the browser shows may be an answer of this server,
 * whose scripts ask it.
 */
const ALWAYS = ["x-content-type-options", "nosniff"];
export const SHOWN = ["content-security-policy", "frame-ancestors 'none'"];

/**
 * Headers of answers by HTTP, all but gRPC's own, which browsers do not speak.
 *
 * @param hstsMs how long browsers are to come by TLS only (RFC 6797); 0: they are not told
 */
export class SecurityHeaders {
  readonly #always: readonly string[];
  readonly #cors: CorsHeaders;
  /** By origin: those without one, and those that may call, of which there are few. */
  readonly #known = new Map<string | undefined, readonly string[]>();

  constructor(hstsMs: number, cors: CorsHeaders) {
    const hsts = hstsMs === 0 ? [] : ["strict-transport-security", `max-age=${Math.floor(hstsMs / 1_000)}`];
    this.#always = [...ALWAYS, ...hsts];
    this.#cors = cors;
  }
  /** With those for pages of other origins: of an answer to a request with this header `origin`, or with none. */
  of = (origin: string | undefined): readonly string[] => {
    const known = this.#known.get(origin);
    if (known !== undefined) return known;
    const cors = this.#cors(origin);
    const all = [...this.#always, ...cors];
    if (origin === undefined || (cors.includes("access-control-allow-origin") && this.#known.size < MOST_ORIGINS))
      this.#known.set(origin, all);
    return all;
  };
  /** Of what is not on the fast path. */
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
/** Where all may call, clients choose them. */
const MOST_ORIGINS = 64;

import type { IncomingHeaders } from "./incoming-request.ts";

/**
 * Reports whether credentials that a browser adds by itself count, regardless of the page that sent the request. They
 * count only if that page is ours or could set a header. A page of another origin can set a header only after a
 * preflight (Fetch, "CORS-preflight fetch"). Pages of other origins are never allowed to send credentials, so no
 * preflight response permits it.
 *
 * @example
 * countsAmbient(new Headers({ "sec-fetch-site": "same-origin" })); // true
 */
export function countsAmbient(headers: IncomingHeaders): boolean {
  return headers.get("x-csrf") === "1" || headers.get("sec-fetch-site") === "same-origin";
}

/** Reports whether a page in a browser sent this request. */
export function fromPage(headers: IncomingHeaders): boolean {
  return headers.get("origin") !== null || headers.get("sec-fetch-site") !== null;
}

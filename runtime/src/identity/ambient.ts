import type { IncomingHeaders } from "./incoming.ts";

/**
 * Whether credentials count that a browser adds by itself, whichever page has made it send the request: only where that page is ours, or
 * could set a header, for which browsers ask the server first (Fetch, "CORS-preflight fetch"). Pages of other origins are never allowed
 * to send credentials along, so that no answer to that makes it possible.
 */
export function countsAmbient(headers: IncomingHeaders): boolean {
  return headers.get("x-csrf") === "1" || headers.get("sec-fetch-site") === "same-origin";
}

/** Whether a page in a browser has made this request. */
export function fromPage(headers: IncomingHeaders): boolean {
  return headers.get("origin") !== null || headers.get("sec-fetch-site") !== null;
}

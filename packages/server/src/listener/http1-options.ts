// Options of node's server of HTTP/1.1.
import type { IncomingMessage } from "node:http";
import type { Upgrades } from "../carrier/handler.ts";
import { MAX_HEADER_BYTES } from "../http2/client-sessions.ts";
import { useOriginForm } from "../requests/request-target.ts";
import { Http1Request } from "./http1-reading.ts";

/** Longer than the minute after which load balancers drop idle connections: else one may use a connection just closed. */
const IDLE_MS = 65_000;
/** Maximum time for the headers of a request, in milliseconds. Node's default. */
const HEADERS_MS = 60_000;

/** @param checkMs interval between two checks for requests that are late */
export function http1Options(requestTimeoutMs: number, checkMs: number, upgrades: Upgrades | undefined) {
  return {
    requestTimeout: requestTimeoutMs,
    headersTimeout: Math.min(HEADERS_MS, requestTimeoutMs),
    connectionsCheckingInterval: checkMs,
    IncomingMessage: Http1Request,
    keepAliveTimeout: IDLE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    // A request to become any other protocol (curl offers h2c) is served as an ordinary request.
    ...(upgrades !== undefined && {
      shouldUpgradeCallback: (request: IncomingMessage) => {
        useOriginForm(request);
        return upgrades.wants(request);
      },
    }),
  };
}

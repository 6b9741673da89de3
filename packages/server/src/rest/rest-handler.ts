import type * as http from "node:http";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import { typesOf } from "@protobff/runtime/internal/http-rule/types-of";
import { Networks } from "@protobff/runtime/internal/identity/network/networks";
import { MAX_ELEMENTS, MAX_MESSAGE_BYTES } from "@protobff/runtime/internal/routes/bounds";
import { maskNames } from "@protobff/runtime/internal/routes/mask-names";
import { useOrdinaryHeaders } from "@protobff/runtime/internal/routes/ordinary-headers";
import type { RouteOptions } from "@protobff/runtime/internal/routes/routes";
import { corsHeaders } from "../headers/cors.ts";
import { SecurityHeaders } from "../headers/security-headers.ts";
import { Peers } from "../requests/peers.ts";
import { DEFAULT_MAX_PENDING_BYTES, PendingBytes } from "../requests/pending-bytes.ts";
import { type RestEndpoint, RestPath } from "./rest-path.ts";

/** Options of `restHandler`: bounds of requests, origins, proxies, and the receiver of faults. */
export interface RestHandlerOptions extends RouteOptions {
  /** Paths reserved by the server, which take precedence over rules. */
  readonly reserved?: Iterable<string>;
  /**
   * Origins whose scripts may read answers; `*` is all of them. Default: none. The server must answer preflights
   * itself.
   */
  readonly corsOrigins?: readonly string[];
  /** Addresses and networks whose `x-forwarded-for` is trusted. Default: none. */
  readonly trustedProxies?: readonly string[];
  /** Reports failures of the server itself. Default: prints them on standard error. */
  readonly fault?: ServerFault;
}

/**
 * Returns a handler for a server of node:http that serves the paths of google.api.http of the RPCs. It returns true if
 * it has taken the request.
 *
 * @throws TypeError for two rules with one path
 * @example
 * const rest = restHandler(endpoints);
 * const connect = connectNodeAdapter({ routes: routes(endpoints) });
 * createServer((request, response) => rest(request, response) || connect(request, response)).listen(8080);
 */
export function restHandler(
  endpoints: readonly RestEndpoint[],
  options: RestHandlerOptions = {},
): (request: http.IncomingMessage, response: http.ServerResponse) => boolean {
  const {
    maxRequestBytes: maxBytes = MAX_MESSAGE_BYTES,
    maxElements = MAX_ELEMENTS,
    trustedProxies,
    reserved = [],
  } = options;
  const { fault = (message, cause) => console.error(`${message}:`, cause), corsOrigins = [] } = options;
  const registry = typesOf([...new Set(endpoints.map(({ method }) => method.parent))], []);
  const cors = corsHeaders(corsOrigins, endpoints);
  const path = new RestPath(endpoints, {
    maxBytes,
    maxElements,
    masks: maskNames(registry),
    registry,
    fault,
    corsHeaders: cors,
    httpHeaders: new SecurityHeaders(0, cors).of,
    pending: new PendingBytes(DEFAULT_MAX_PENDING_BYTES),
    peers: new Peers(trustedProxies && new Networks(trustedProxies)),
    reserved: new Set(reserved),
  });
  return (request, response) => {
    useOrdinaryHeaders(request.headers);
    return path.request(request, response);
  };
}

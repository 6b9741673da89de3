import type { DescFile } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import type { Endpoint } from "../endpoint/endpoint-options.ts";
import { versionHeaders, withVersions } from "../endpoint/version.ts";
import { typesOf } from "../http-rule/types-of.ts";
import type { StreamEndpoint } from "../stream/stream-endpoint.ts";
import { addBounded } from "./bounded-handler.ts";
import { MAX_ELEMENTS, MAX_MESSAGE_BYTES } from "./bounds.ts";
import { addCachedGet } from "./cached-get.ts";
import { withGrpcMessages } from "./grpc-message.ts";
import { maskNames } from "./mask-names.ts";
import { withOrdinaryHeaders } from "./ordinary-headers.ts";
import { withRefusalReports } from "./refusals.ts";

/** Bounds of a request. */
export interface RouteOptions {
  /**
   * Maximum size of a request, in bytes; larger messages fail with RESOURCE_EXHAUSTED. Default: 1 MiB. A smaller
   * `readMaxBytes` of the server applies as well.
   */
  readonly maxRequestBytes?: number;
  /**
   * Maximum number of elements of lists, maps and JSON in a message, unless its RPC sets another. Default: 10,000.
   * Messages with more fail with INVALID_ARGUMENT.
   */
  readonly maxElements?: number;
  /** Files besides those of the RPCs, whose messages a google.protobuf.Any may contain in JSON. */
  readonly types?: readonly DescFile[];
}

/**
 * Returns the RPCs as routes of a Connect router, for a custom server.
 *
 * @example
 * const endpoints = createShopService({ upstreams, env: {} });
 * createServer(connectNodeAdapter({ routes: routes(endpoints) })).listen(8080, "127.0.0.1");
 */
export function routes(
  endpoints: readonly (Endpoint | StreamEndpoint)[],
  options: RouteOptions = {},
): (router: ConnectRouter) => void {
  const { maxRequestBytes: maxBytes = MAX_MESSAGE_BYTES, maxElements = MAX_ELEMENTS, types = [] } = options;
  const registry = typesOf(
    endpoints.map(({ method }) => method.parent),
    types,
  );
  const masks = maskNames(registry);
  const json = { registry, compresses: true };
  return (router) => {
    for (const endpoint of endpoints) {
      const bounds = { maxBytes, maxElements: endpoint.maxElements ?? maxElements, masks, json };
      // Only a custom server determines whether other sites' pages may read answers.
      addCachedGet(router, "http" in endpoint ? endpoint.http : undefined, { forPages: true }, () =>
        addBounded(router, bounds, () => endpoint.route(router)),
      );
    }
    withGrpcMessages(router);
    withRefusalReports(router, endpoints);
    withVersions(router, versionHeaders(endpoints));
    withOrdinaryHeaders(router);
  };
}

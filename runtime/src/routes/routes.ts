import type { ConnectRouter } from "@connectrpc/connect";
import type { Endpoint } from "../endpoint/endpoint-options.ts";
import { versionHeaders, withVersions } from "../endpoint/version.ts";
import { typesOf } from "../http-rule/types-of.ts";
import type { StreamEndpoint } from "../stream/stream-endpoint.ts";
import { addBounded } from "./bounded-handler.ts";
import { MAX_ELEMENTS, MAX_MESSAGE_BYTES } from "./bounds.ts";
import { addCachedGet } from "./cached-get.ts";
import { maskNames } from "./mask-names.ts";
import { withRefusalReports } from "./refusals.ts";

/** What a request may hold. */
export interface RouteOptions {
  /** Larger messages fail with RESOURCE_EXHAUSTED; in bytes, default 1 MiB. A smaller `readMaxBytes` of the server's holds as well. */
  readonly maxRequestBytes?: number;
  /** Messages with more elements of lists, maps and JSON fail with INVALID_ARGUMENT, unless their rpc says otherwise. Default 10,000. */
  readonly maxElements?: number;
}

/** The rpcs as routes, for those who bring a server of their own: `connectNodeAdapter({ routes: routes(endpoints) })`. */
export function routes(
  endpoints: readonly (Endpoint | StreamEndpoint)[],
  options: RouteOptions = {},
): (router: ConnectRouter) => void {
  const { maxRequestBytes: maxBytes = MAX_MESSAGE_BYTES, maxElements = MAX_ELEMENTS } = options;
  const masks = maskNames(
    typesOf(
      endpoints.map(({ method }) => method.parent),
      [],
    ),
  );
  return (router) => {
    for (const endpoint of endpoints) {
      const bounds = { maxBytes, maxElements: endpoint.maxElements ?? maxElements, masks };
      // Whether pages of others may read answers is known to that server alone.
      addCachedGet(router, "http" in endpoint ? endpoint.http : undefined, { forPages: true }, () =>
        addBounded(router, bounds, () => endpoint.route(router)),
      );
    }
    withRefusalReports(router, endpoints);
    withVersions(router, versionHeaders(endpoints));
  };
}

// Handlers of Connect's adapter, for every RPC: within bounds, and with the reports of this server. Loaded with the first
// request that no shortcut takes.
import type { DescService, Registry } from "@bufbuild/protobuf";
import { createConnectRouter } from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { versionHeaders, withVersions } from "@protobff/runtime/internal/endpoint/version";
import { withAnswerTraffic } from "@protobff/runtime/internal/routes/answer-traffic";
import { addBounded } from "@protobff/runtime/internal/routes/bounded-handler";
import { addCachedGet } from "@protobff/runtime/internal/routes/cached-get";
import { addCompressed, DEFERRED_COMPRESSIONS } from "@protobff/runtime/internal/routes/compressed-answers";
import type { maskNames } from "@protobff/runtime/internal/routes/mask-names";
import { withRefusalReports } from "@protobff/runtime/internal/routes/refusals";
import { streamRouteOf } from "@protobff/runtime/internal/stream/connect-stream";
import { withShedding } from "../adapter/shed-handlers.ts";
import { checkRequestDeadline } from "../headers/request-deadline.ts";
import { withShortErrors } from "../headers/short-errors.ts";
import type { Shedding } from "../overload/shedding.ts";
import type { Health } from "../services/health.ts";
import type { StreamListenable } from "../streams/stream-path.ts";
import type { Listenable } from "./listenable.ts";

/** Parts of the server that the handlers use. */
interface HandledServer {
  readonly endpoints: readonly (Listenable | StreamListenable)[];
  readonly health: Health;
  readonly services: readonly DescService[];
  readonly registry: Registry;
  readonly masks: ReturnType<typeof maskNames>;
  readonly shedding: Shedding | undefined;
  readonly maxBytes: number;
  readonly maxElements: number;
  readonly corsOrigins: readonly string[];
  /** Ends streams of reflection. */
  readonly draining: AbortController;
  /** Aborts requests in progress. */
  readonly cutOff: AbortController;
  readonly options: { readonly reflection?: boolean };
}

/** Returns the handlers of all RPCs, of health and of reflection. */
export async function connectHandlers(server: HandledServer): Promise<readonly UniversalHandler[]> {
  const { endpoints, health, services, registry, masks, shedding, maxBytes, corsOrigins, draining } = server;
  const reflection = server.options.reflection === true ? await import("../services/reflection.ts") : undefined;
  const json = { registry, compresses: false };
  const jsonOptions = { registry };
  const router = createConnectRouter({
    acceptCompression: DEFERRED_COMPRESSIONS,
    readMaxBytes: maxBytes,
    jsonOptions,
    shutdownSignal: server.cutOff.signal,
    interceptors: [checkRequestDeadline],
  });
  for (const endpoint of endpoints) {
    const { traffic, maxElements = server.maxElements } = endpoint;
    const bounds = { maxBytes, maxElements, masks, traffic, json };
    addCachedGet(router, "http" in endpoint ? endpoint.http : undefined, { forPages: corsOrigins.length > 0 }, () =>
      addCompressed(router, () => addBounded(router, bounds, () => endpoint.route(router))),
    );
  }
  addCompressed(router, () =>
    addBounded(router, { maxBytes, maxElements: server.maxElements, masks, json }, () => {
      health.route(router);
      streamRouteOf(health.watch.method, health.watch.follow)(router);
      reflection?.routeReflection(router, services, draining.signal);
    }),
  );
  const methods = endpoints.map(({ method }) => method);
  if (shedding !== undefined) withShedding(router, shedding, methods, { jsonOptions });
  withAnswerTraffic(router, endpoints);
  withShortErrors(router);
  withRefusalReports(router, endpoints);
  withVersions(router, versionHeaders(endpoints));
  return router.handlers;
}

import { once } from "node:events";
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import {
  type HealthCheckRequest,
  Health as HealthService,
  HealthCheckResponse_ServingStatus as Status,
} from "../gen/grpc/health/v1/health_pb.ts";

/**
 * grpc.health.v1: the server as a whole ("") and each service are SERVING until `draining` is aborted. The upstreams'
 * health is never part of it.
 *
 * @param services full names
 * @param draining ends the watches too, after they have been told NOT_SERVING
 */
export function routeHealth(router: ConnectRouter, services: readonly string[], draining: AbortSignal): void {
  const known = new Set(["", HealthService.typeName, ...services]);
  const current = () => (draining.aborted ? Status.NOT_SERVING : Status.SERVING);

  async function* watch(request: HealthCheckRequest, context: HandlerContext) {
    // A service that is unknown stays so: services are not added at run time.
    yield { status: known.has(request.service) ? current() : Status.SERVICE_UNKNOWN };
    if (!context.signal.aborted) await once(context.signal, "abort");
    if (draining.aborted && known.has(request.service)) yield { status: Status.NOT_SERVING };
  }

  router.service(
    HealthService,
    {
      check(request) {
        if (!known.has(request.service)) throw new ConnectError("unknown service", Code.NotFound);
        return { status: current() };
      },
      list() {
        return { statuses: Object.fromEntries([...known].map((service) => [service, { status: current() }])) };
      },
      watch,
    },
    { shutdownSignal: draining },
  );
}

import { once } from "node:events";
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import {
  type HealthCheckRequest,
  Health as HealthService,
  HealthCheckResponse_ServingStatus as Status,
} from "../gen/grpc/health/v1/health_pb.ts";
import type { Readiness } from "./readiness.ts";

/**
 * grpc.health.v1: the server as a whole ("") and each service are SERVING as long as the server is ready. The upstreams' health is never
 * part of it.
 *
 * @param services full names
 * @param readiness draining ends the watches too, after they have been told NOT_SERVING
 */
export function routeHealth(router: ConnectRouter, services: readonly string[], readiness: Readiness): void {
  const known = new Set(["", HealthService.typeName, ...services]);
  const current = () => (readiness.state === "ready" ? Status.SERVING : Status.NOT_SERVING);

  async function* watch(request: HealthCheckRequest, context: HandlerContext) {
    // A service that is unknown stays so: services are not added at run time.
    const status = () => (known.has(request.service) ? current() : Status.SERVICE_UNKNOWN);
    let told = status();
    yield { status: told };
    const { signal } = context;
    const ended = signal.aborted ? Promise.resolve() : once(signal, "abort");
    for (const change of [readiness.opened, ended]) {
      await Promise.race([change, ended]);
      if (told === status() || (signal.aborted && !readiness.draining.aborted)) continue;
      told = status();
      yield { status: told };
    }
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
    { shutdownSignal: readiness.draining },
  );
}

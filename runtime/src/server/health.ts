import { once } from "node:events";
import { create, type Message } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import type { Endpoint } from "../compose/endpoint-options.ts";
import { Failure, Reason } from "../failure.ts";
import {
  type HealthCheckRequest,
  HealthCheckResponseSchema,
  Health as HealthService,
  HealthCheckResponse_ServingStatus as Status,
} from "../gen/grpc/health/v1/health_pb.ts";
import type { Readiness } from "./readiness.ts";

const UNKNOWN = "unknown service";
const ANSWERED = { cancel() {} };

/**
 * grpc.health.v1: the server as a whole ("") and each service are SERVING as long as the server is ready. The upstreams' health is never
 * part of it.
 */
export class Health {
  readonly #known: ReadonlySet<string>;
  readonly #readiness: Readiness;

  /**
   * @param services full names
   * @param readiness draining ends the watches too, after they have been told NOT_SERVING
   */
  constructor(services: readonly string[], readiness: Readiness) {
    this.#known = new Set(["", HealthService.typeName, ...services]);
    this.#readiness = readiness;
  }

  /** For the fast path: whoever balances asks this often, of each server. */
  get check(): Pick<Endpoint, "method" | "run"> {
    return {
      method: HealthService.method.check,
      run: (args, _headers, _clientMs, done, failed) => {
        const { service } = args as Message & HealthCheckRequest;
        if (this.#known.has(service)) done(create(HealthCheckResponseSchema, { status: this.#current }), "");
        else failed(unknown());
        return ANSWERED;
      },
    };
  }

  route(router: ConnectRouter): void {
    router.service(
      HealthService,
      {
        check: ({ service }) => {
          if (!this.#known.has(service)) throw new ConnectError(UNKNOWN, Code.NotFound);
          return { status: this.#current };
        },
        list: () => ({
          statuses: Object.fromEntries([...this.#known].map((service) => [service, { status: this.#current }])),
        }),
        watch: (request, context) => this.#watch(request, context),
      },
      { shutdownSignal: this.#readiness.draining },
    );
  }

  get #current(): Status {
    return this.#readiness.state === "ready" ? Status.SERVING : Status.NOT_SERVING;
  }
  async *#watch(request: HealthCheckRequest, { signal }: HandlerContext) {
    // A service that is unknown stays so: services are not added at run time.
    const status = () => (this.#known.has(request.service) ? this.#current : Status.SERVICE_UNKNOWN);
    const { opened, draining } = this.#readiness;
    let told = status();
    yield { status: told };
    const ended = signal.aborted ? Promise.resolve() : once(signal, "abort");
    for (const change of [opened, ended]) {
      await Promise.race([change, ended]);
      if (told === status() || (signal.aborted && !draining.aborted)) continue;
      told = status();
      yield { status: told };
    }
  }
}

const unknown = (): Failure =>
  new Failure({
    ...{ code: Code.NotFound, clientCode: Code.NotFound, reason: Reason.REJECTED, callee: "" },
    ...{ message: UNKNOWN, clientMessage: UNKNOWN },
  });

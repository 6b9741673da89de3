import { create, type Message } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { Failure, Reason } from "@protobff/runtime/internal/failure";
import { failureOf } from "@protobff/runtime/internal/stream/early-end";
import type { Follower, Following } from "@protobff/runtime/internal/stream/stream-endpoint";
import {
  type HealthCheckRequest,
  HealthCheckResponseSchema,
  Health as HealthService,
  HealthCheckResponse_ServingStatus as Status,
} from "../gen/grpc/health/v1/health_pb.ts";
import { SERVICE_STREAM_AGE_MS } from "../streams/stream-account.ts";
import type { StreamListenable } from "../streams/stream-path.ts";
import { inTurn } from "../turns/turn-queue.ts";
import type { Readiness } from "./readiness.ts";

const UNKNOWN = "unknown service";
const ANSWERED = { cancel() {} };
/** Watches that began together do not all end together. */
const AGE_JITTER = 0.1;

/**
 * grpc.health.v1: the server as a whole ("") and each service are SERVING while the server is ready. The upstreams'
 * health is never part of it.
 */
export class Health {
  readonly #known: ReadonlySet<string>;
  readonly #readiness: Readiness;
  readonly #watches = new Set<Watch>();
  /** Paths of its RPCs. */
  readonly paths = HealthService.methods.map(({ name }) => `/${HealthService.typeName}/${name}`);
  /** Serves `Watch` as any stream of an rpc is served. */
  readonly watch: Pick<StreamListenable, "method" | "follow">;

  /**
   * @param services full names
   * @param readiness draining ends the watches too, after NOT_SERVING has been sent to them
   * @param maxAgeMs longest time that a watch stays open, a tenth more or less
   */
  constructor(services: readonly string[], readiness: Readiness, maxAgeMs = SERVICE_STREAM_AGE_MS) {
    this.#known = new Set(["", HealthService.typeName, ...services]);
    this.#readiness = readiness;
    const { watch: method } = HealthService.method;
    const follow: StreamListenable["follow"] = (args, _headers, clientMs, _resume, follower) =>
      this.#watch(args as Message & HealthCheckRequest, clientMs, maxAgeMs, follower);
    this.watch = { method, follow };
    const { opened, draining } = readiness;
    opened.then(() => this.notify());
    draining.addEventListener("abort", () => this.#each((watch) => watch.drain()), { once: true });
  }

  /** Endpoint of the fast path, because balancers poll each server often. */
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

  /** Adds all but `watch` to the router. */
  route(router: ConnectRouter): void {
    const { check, list } = HealthService.method;
    router.rpc(check, ({ service }) => {
      if (!this.#known.has(service)) throw new ConnectError(UNKNOWN, Code.NotFound);
      return { status: this.#current };
    });
    router.rpc(list, () => ({
      statuses: Object.fromEntries([...this.#known].map((service) => [service, { status: this.#current }])),
    }));
  }

  /** Sends the status to watches that have another. */
  notify(): void {
    this.#each((watch) => watch.notify());
  }
  get #current(): Status {
    return this.#readiness.state === "ready" ? Status.SERVING : Status.NOT_SERVING;
  }
  /** A service that is unknown stays so: services are not added at run time. */
  #watch(
    { service }: HealthCheckRequest,
    clientMs: number | undefined,
    maxAgeMs: number,
    follower: Follower,
  ): Following {
    const status = () => (this.#known.has(service) ? this.#current : Status.SERVICE_UNKNOWN);
    const watch = new Watch(follower, status, () => this.#watches.delete(watch));
    this.#watches.add(watch);
    watch.begin(clientMs, maxAgeMs * (1 + AGE_JITTER * (2 * Math.random() - 1)));
    if (this.#readiness.draining.aborted) watch.drain();
    return watch;
  }
  #each(change: (watch: Watch) => void): void {
    for (const watch of this.#watches) inTurn(() => change(watch));
  }
}

/** One stream of `Watch`. */
class Watch implements Following {
  readonly #follower: Follower;
  readonly #status: () => Status;
  readonly #gone: () => void;
  #sent: Status | undefined;
  #hasRoom = true;
  #over = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(follower: Follower, status: () => Status, gone: () => void) {
    this.#follower = follower;
    this.#status = status;
    this.#gone = gone;
  }
  /** @param clientMs remaining time of the client's deadline, if it has one */
  begin(clientMs: number | undefined, maxAgeMs: number): void {
    const end = clientMs !== undefined && clientMs < maxAgeMs ? "deadline" : "age";
    this.#timer = setTimeout(expired, Math.max(0, end === "age" ? maxAgeMs : (clientMs ?? 0)), this, end);
    this.#follower.opened(undefined);
    this.notify();
  }
  /** Sends the status if it has changed and the client reads. */
  notify(): void {
    const status = this.#status();
    if (this.#over || !this.#hasRoom || status === this.#sent) return;
    this.#sent = status;
    this.#hasRoom = this.#follower.item(create(HealthCheckResponseSchema, { status }), undefined);
  }
  ready(): void {
    this.#hasRoom = true;
    this.notify();
  }
  drain(): void {
    this.#hasRoom = true; // one message more, which is the last
    this.notify();
    if (!this.#end()) return;
    this.#follower.ended(undefined);
  }
  cancel(): void {
    this.#end();
  }
  fail(end: "age" | "deadline"): void {
    if (this.#end()) this.#follower.failed(failureOf(end), undefined, undefined);
  }
  /** @returns false if it has ended before */
  #end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#gone();
    return true;
  }
}

const expired = (watch: Watch, end: "age" | "deadline"): void => watch.fail(end);

const unknown = (): Failure =>
  new Failure({
    code: Code.NotFound,
    clientCode: Code.NotFound,
    reason: Reason.REJECTED,
    callee: "",
    message: UNKNOWN,
    clientMessage: UNKNOWN,
  });

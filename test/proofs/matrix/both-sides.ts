// The two sides of a BFF in the matrix: its client, its upstreams, and the calls that it reports.
import { toBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import type { createGrpcTransport } from "@connectrpc/connect-node";
import type { Observer, UnaryClient } from "@protobff/runtime";
import type { BffRequest } from "../load/bff.ts";
import type { Made } from "../load/load.ts";
import type { Got } from "../oracle/verdict.ts";
import type { Edge } from "./edges.ts";
import type { Fault } from "./faults.ts";

/** Leads the call of the edge to the upstream that plays the fault, all others to one that answers. */
export class Wire implements UnaryClient {
  readonly sent: { readonly method: string; readonly message: Uint8Array }[] = [];
  /** True if the fault has begun. */
  faulty = true;
  readonly #edge: Pick<Edge, "method" | "is">;
  readonly #fault: Pick<Fault, "once">;
  readonly #faulty: UnaryClient;
  readonly #good: UnaryClient;

  constructor(edge: Pick<Edge, "method" | "is">, fault: Pick<Fault, "once">, faulty: UnaryClient, good: UnaryClient) {
    this.#edge = edge;
    this.#fault = fault;
    this.#faulty = faulty;
    this.#good = good;
  }
  send(...[path, frame, timeoutMs, headers, attempt, reply]: Parameters<UnaryClient["send"]>) {
    const method = path.slice(1);
    const message = frame.slice(5);
    this.sent.push({ method, message });
    const hit =
      this.faulty && method === this.#edge.method && this.#edge.is(message) && !(this.#fault.once && attempt > 1);
    const to = hit ? this.#faulty : this.#good;
    return to.send(path, frame, timeoutMs, headers, attempt, reply);
  }
  async close(): Promise<void> {
    await this.#faulty.close?.();
  }
}

/** Collects the calls of a request from the runtime's events. */
export class CallLog implements Observer {
  readonly calls: Made[] = [];
  readonly #running = new Set<unknown>();
  #notify: (() => void) | undefined;

  callStart(event: { readonly call: unknown }): void {
    this.#running.add(event.call);
  }
  call(event: Parameters<NonNullable<Observer["call"]>>[0]): void {
    const { request: _, call, header, ...rest } = event;
    this.calls.push({ ...rest, message: rest.message.slice(), requestId: header("x-request-id") });
    this.#running.delete(call);
    if (this.#running.size === 0) this.#notify?.();
  }
  /** When no call runs any more. */
  async ended(): Promise<void> {
    if (this.#running.size > 0) await new Promise<void>((resolve) => (this.#notify = resolve));
  }
}

export async function send(
  transport: ReturnType<typeof createGrpcTransport>,
  { method, message, headers }: BffRequest,
): Promise<Got> {
  try {
    const { message: answer, header } = await transport.unary(method, undefined, undefined, { ...headers }, message);
    const bytes = toBinary(method.output, answer);
    return { kind: "answer", message: bytes, degradedHeader: header.get("bff-degraded") ?? undefined };
  } catch (thrown) {
    const error = ConnectError.from(thrown);
    const pushback = error.metadata.get("grpc-retry-pushback-ms") === "-1";
    return { kind: "status", code: error.code, message: error.rawMessage, pushback };
  }
}

/** False when it takes so long that it will never end. */
export async function inTime(work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), 60_000);
  });
  const done = await Promise.race([work.then(() => true as const), late]);
  clearTimeout(timer);
  return done;
}

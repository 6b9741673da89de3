// Five real gRPC servers on loopback, each of which can be stopped, slowed and broken alone; they log every call.
import { once } from "node:events";
import { createServer, type Http2Server, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { toBinary } from "@bufbuild/protobuf";
import { type Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { type ServiceName, serviceNames, services } from "./services.ts";

/** A fault that replaces the immediate answer to a call. */
export type Fault =
  /** Answers with this status, after `afterMs` milliseconds (0 when left out). */
  | { readonly kind: "fail"; readonly code: Code; readonly message?: string; readonly afterMs?: number }
  /** Never answers; ends when the caller gives up. */
  | { readonly kind: "hang" }
  /** Answers, this many milliseconds later than usual. */
  | { readonly kind: "delay"; readonly ms: number };

/** A fault for every call of a service, or one decided call by call. */
export type FaultRule = Fault | ((call: Call) => Fault | undefined);

/** One call as its upstream saw it. Times are milliseconds of `performance.now()`. */
export interface Call {
  /** From 0, in order of arrival over all services. */
  readonly number: number;
  readonly service: ServiceName;
  /** `agent.v1.AgentService/GetSummary` */
  readonly method: string;
  /** The request message, encoded in field order as protobuf-es does. */
  readonly request: Uint8Array;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  readonly startedAt: number;
}

export interface LoggedCall extends Call {
  /** Undefined while the call is being worked on. */
  readonly endedAt: number | undefined;
  /** `pending`, `ok`, or what the call failed with. */
  readonly outcome: "pending" | "ok" | Code;
  /** The caller went away, or its deadline passed, before there was an answer. */
  readonly cancelled: boolean;
  /** The encoded answer when the outcome is `ok`. */
  readonly response: Uint8Array | undefined;
}

export interface UpstreamControl {
  /** `http://127.0.0.1:<port>`; stays the same over `stop` and `start`. */
  readonly url: string;
  /** Closes the port and breaks every connection. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** From now on; `undefined` heals. */
  fault(rule: FaultRule | undefined): void;
}

export interface Upstreams {
  readonly urls: Readonly<Record<ServiceName, string>>;
  readonly services: Readonly<Record<ServiceName, UpstreamControl>>;
  /** Every call received, in order of arrival. Emptied by `calls.length = 0`. */
  readonly calls: LoggedCall[];
  close(): Promise<void>;
}

export interface UpstreamOptions {
  /** Milliseconds before each method's answer, by method name (`agent.v1.AgentService/GetSummary`); 0 for any other. */
  readonly latencies?: Readonly<Record<string, number>>;
}

/** Small but different, so that a chart of one request shows what ran side by side. */
export const livelyLatencies: Readonly<Record<string, number>> = {
  "agent.v1.AgentService/GetSummary": 28,
  "agent.v1.AgentService/GetSession": 16,
  "billing.v1.BillingService/GetUsage": 32,
  "notify.v1.NotifyService/CountUnread": 9,
  "memory.v1.MemoryService/Search": 26,
  "user.v1.UserService/BatchGetUsers": 14,
};

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Starts all five, each on a free port. */
export async function startUpstreams(options: UpstreamOptions = {}): Promise<Upstreams> {
  const calls: LoggedCall[] = [];
  let arrived = 0;
  const log = (call: Omit<LoggedCall, "number">): Writable<LoggedCall> => {
    const logged = { ...call, number: arrived++ };
    calls.push(logged);
    return logged;
  };
  const controls = Object.fromEntries(
    await Promise.all(
      serviceNames.map(async (service) => [service, await startUpstream(service, options.latencies ?? {}, log)]),
    ),
  ) as Record<ServiceName, UpstreamControl>;
  return {
    urls: Object.fromEntries(serviceNames.map((service) => [service, controls[service].url])) as Record<
      ServiceName,
      string
    >,
    services: controls,
    calls,
    close: async () => {
      await Promise.all(serviceNames.map((service) => controls[service].stop()));
    },
  };
}

async function startUpstream(
  service: ServiceName,
  latencies: Readonly<Record<string, number>>,
  log: (call: Omit<LoggedCall, "number">) => Writable<LoggedCall>,
): Promise<UpstreamControl> {
  let rule: FaultRule | undefined;

  const record: Interceptor = (next) => async (request) => {
    if (request.stream) return next(request);
    const call = log({
      service,
      method: `${request.service.typeName}/${request.method.name}`,
      request: toBinary(request.method.input, request.message),
      headers: new Map(request.header),
      startedAt: performance.now(),
      endedAt: undefined,
      outcome: "pending",
      cancelled: false,
      response: undefined,
    });
    try {
      await suffer(typeof rule === "function" ? rule(call) : rule, latencies[call.method] ?? 0, request.signal);
      const response = await next(request);
      call.outcome = "ok";
      if (!response.stream) call.response = toBinary(response.method.output, response.message);
      return response;
    } catch (error) {
      call.outcome = ConnectError.from(error).code;
      call.cancelled = request.signal.aborted;
      throw error;
    } finally {
      call.endedAt = performance.now();
    }
  };

  const handler = connectNodeAdapter({ routes: services[service], interceptors: [record], grpc: true });
  let server: Http2Server | undefined;
  const sessions = new Set<ServerHttp2Session>();

  const listen = async (port: number): Promise<number> => {
    // Callers that give up reset their streams, under load a thousand in a burst: no reason to close the connection.
    const listening = createServer({ streamResetBurst: 1_000_000, streamResetRate: 1_000_000 }, handler);
    listening.on("session", (session) => {
      sessions.add(session);
      session.on("close", () => sessions.delete(session));
    });
    listening.listen(port, "127.0.0.1");
    await once(listening, "listening");
    server = listening;
    return (listening.address() as AddressInfo).port;
  };

  const port = await listen(0);
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      const stopping = server;
      if (stopping === undefined) return;
      server = undefined;
      const closed = once(stopping, "close");
      stopping.close();
      for (const session of sessions) session.destroy();
      await closed;
    },
    async start() {
      if (server === undefined) await listen(port);
    },
    fault(next) {
      rule = next;
    },
  };
}

/** Waits for the latency and the fault, and throws the error of the fault. */
async function suffer(fault: Fault | undefined, latencyMs: number, signal: AbortSignal): Promise<void> {
  switch (fault?.kind) {
    case undefined:
      return pause(latencyMs, signal);
    case "delay":
      return pause(latencyMs + fault.ms, signal);
    case "hang":
      return pause(undefined, signal);
    case "fail":
      await pause(fault.afterMs ?? 0, signal);
      throw new ConnectError(fault.message ?? "made to fail", fault.code);
  }
}

/** Waits for `ms`; rejects as soon as the caller aborts. Without a time it waits only for the abort. */
async function pause(ms: number | undefined, signal: AbortSignal): Promise<void> {
  if (ms === 0) return;
  await new Promise<void>((resolve, reject) => {
    const gone = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const done = () => {
      signal.removeEventListener("abort", gone);
      resolve();
    };
    const timer = ms === undefined ? undefined : setTimeout(done, ms);
    if (signal.aborted) gone();
    else signal.addEventListener("abort", gone, { once: true });
  });
}

import type { DescService } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { Endpoint } from "../endpoint.ts";
import { withCors } from "./cors.ts";
import { routeHealth } from "./health.ts";
import { type Handler, Listener, type ServerResponse } from "./listener.ts";
import { routeReflection } from "./reflection.ts";

export interface ListenOptions {
  /** For health and reflection; by default those that the endpoints belong to. */
  readonly services?: readonly DescService[];
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: a free one. */
  readonly port?: number;
  /** PEM; without it the server speaks plain HTTP. */
  readonly tls?: { readonly cert: Buffer | string; readonly key: Buffer | string };
  /** Larger messages from clients fail with RESOURCE_EXHAUSTED; default 4 MiB. */
  readonly maxRequestBytes?: number;
  readonly reflection?: boolean;
  /** Origins whose scripts may call, `*` for all; default none. */
  readonly corsOrigins?: readonly string[];
  /** A connection has so long to say what it speaks, in milliseconds; default 10 s. */
  readonly handshakeTimeoutMs?: number;
}

/** A server that is up. */
export interface Listening {
  readonly port: number;
  /** `http://<host>:<port>`, or `https://` with TLS. */
  readonly url: string;
  /**
   * Not ready from now on; accepts nothing more, lets requests in flight finish and closes every connection. Called
   * again it gives the same promise.
   *
   * @param graceMs what has not finished then is cut off; default 10 s
   */
  close(graceMs?: number): Promise<void>;
}

/**
 * Serves these endpoints by gRPC, gRPC-Web and Connect on one port, with `grpc.health.v1`, `/healthz` and `/readyz`.
 *
 * @throws the error of the port, with a `code` such as EADDRINUSE
 */
export async function listen(
  endpoints: readonly Pick<Endpoint, "method" | "route">[],
  options: ListenOptions = {},
): Promise<Listening> {
  const services = options.services ?? [...new Set(endpoints.map(({ method }) => method.parent))];
  const draining = new AbortController();
  const cutOff = new AbortController();
  const adapter = connectNodeAdapter({
    readMaxBytes: options.maxRequestBytes ?? 4 << 20,
    shutdownSignal: cutOff.signal,
    routes(router) {
      for (const endpoint of endpoints) endpoint.route(router);
      const names = services.map(({ typeName }) => typeName);
      routeHealth(router, names, draining.signal);
      if (options.reflection) routeReflection(router, services, draining.signal);
    },
  });

  const host = options.host ?? "127.0.0.1";
  const listener = await Listener.open(withProbes(draining.signal, withCors(options.corsOrigins ?? [], adapter)), {
    host,
    port: options.port ?? 0,
    handshakeTimeoutMs: options.handshakeTimeoutMs ?? 10_000,
    ...(options.tls !== undefined && { tls: options.tls }),
  });

  let closing: Promise<void> | undefined;
  const close = (graceMs = 10_000) => {
    draining.abort();
    return listener.drain(graceMs, () => cutOff.abort(new ConnectError("server is shutting down", Code.Unavailable)));
  };
  return {
    port: listener.port,
    url: `${options.tls === undefined ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${listener.port}`,
    close: (graceMs) => {
      closing ??= close(graceMs);
      return closing;
    },
  };
}

/** /healthz: the process answers. /readyz: it also wants requests. */
function withProbes(draining: AbortSignal, handler: Handler): Handler {
  return (request, response) => {
    switch (request.url?.split("?", 1)[0]) {
      case "/healthz":
        return answer(response, 200, "ok\n");
      case "/readyz":
        return draining.aborted ? answer(response, 503, "draining\n") : answer(response, 200, "ok\n");
      default:
        return handler(request, response);
    }
  };
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.setHeader("cache-control", "no-store");
  response.end(text);
}

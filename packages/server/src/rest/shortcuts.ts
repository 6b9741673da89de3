// Combines the paths of REST with those of RPCs on one server.
import type * as http from "node:http";
import type * as http2 from "node:http2";
import { createRegistry, type DescService } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import type { Routes } from "@protobff/runtime/internal/identity/routes";
import type { Carrier } from "../carrier/carrier.ts";
import type { ServerResponse, Shortcut } from "../carrier/handler.ts";
import { Health } from "../gen/grpc/health/v1/health_pb.ts";
import { REFLECTION_PATHS } from "../streams/service-paths.ts";
import { statusJson } from "../transcoding/status.ts";

/** A shortcut that can abort its requests. */
interface Abortable extends Shortcut {
  abort(error: ConnectError): void;
}

/** The first, and where it leaves a request, the next. */
export class Shortcuts implements Abortable {
  readonly #all: readonly Abortable[];

  constructor(all: readonly Abortable[]) {
    this.#all = all;
  }
  stream(stream: Carrier, headers: http2.IncomingHttpHeaders, raw: readonly string[]): boolean {
    for (const shortcut of this.#all) if (shortcut.stream(stream, headers, raw)) return true;
    return false;
  }
  request(request: http.IncomingMessage, response: http.ServerResponse): boolean {
    for (const shortcut of this.#all) if (shortcut.request(request, response)) return true;
    return false;
  }
  checkArrivals(rounds: number): void {
    for (const shortcut of this.#all) shortcut.checkArrivals(rounds);
  }
  abort(error: ConnectError): void {
    for (const shortcut of this.#all) shortcut.abort(error);
  }
}

/** Returns the paths of probes, of identity sources and of RPCs. */
export function reservedOf(services: readonly DescService[], routes: Routes): ReadonlySet<string> {
  const rpcs = [...services, Health].flatMap(({ typeName, methods }) =>
    methods.map(({ name }) => `/${typeName}/${name}`),
  );
  return new Set(["/healthz", "/readyz", ...routes.keys(), ...REFLECTION_PATHS, ...rpcs]);
}

/** No ConnectError: the first one of a process loads undici, for its headers. */
const NOTHING = { code: Code.NotFound, rawMessage: "nothing is served at this path", details: [] };
const NOTHING_JSON = statusJson(NOTHING, createRegistry());

/** Response methods that both versions of HTTP have. */
interface Answerable {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: Uint8Array): unknown;
}
/** Answers 404 with the body that REST clients expect. */
export function nothingHere(response: ServerResponse): void {
  const out: Answerable = response;
  out.statusCode = 404;
  out.setHeader("content-type", "application/json");
  out.setHeader("cache-control", "no-store");
  out.end(NOTHING_JSON);
}

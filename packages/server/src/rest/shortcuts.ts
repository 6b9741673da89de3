// Combines the paths of REST with those of RPCs on one server.
import type * as http from "node:http";
import type * as http2 from "node:http2";
import type { DescService } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type { Carrier } from "../carrier/carrier.ts";
import type { Shortcut } from "../carrier/handler.ts";
import { Health } from "../gen/grpc/health/v1/health_pb.ts";
import { REFLECTION_PATHS } from "../streams/service-paths.ts";

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

/**
 * Returns the paths of probes, reflection and RPCs, and further ones.
 *
 * @param routes paths of identity sources and of tools
 */
export function reservedOf(services: readonly DescService[], routes: Iterable<string>): ReadonlySet<string> {
  const rpcs = [...services, Health].flatMap(({ typeName, methods }) =>
    methods.map(({ name }) => `/${typeName}/${name}`),
  );
  return new Set(["/healthz", "/readyz", ...routes, ...REFLECTION_PATHS, ...rpcs]);
}

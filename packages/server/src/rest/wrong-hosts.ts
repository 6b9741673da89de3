import type * as http from "node:http";
import type * as http2 from "node:http2";
import type { DescMethod } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import { REQUEST_ID } from "@protobff/runtime/internal/call/request-id";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { type Carrier, NO_LISTENER } from "../carrier/carrier.ts";
import type { Shortcut } from "../carrier/handler.ts";
import { grpcTypeOf, unimplemented } from "../fast/grpc-refusal.ts";
import type { CorsHeaders } from "../headers/cors.ts";
import type { RequestIds } from "../headers/request-ids.ts";
import { HostNames } from "../requests/host-names.ts";
import { partsOf, RestMatcher } from "../transcoding/matcher.ts";
import { connectAnswer, type PathError, restAnswer } from "./unknown-paths.ts";

/** The parts of an endpoint that `WrongHosts` needs. */
interface HostedEndpoint extends Pick<Endpoint, "hosts">, Partial<Pick<Endpoint, "rest">> {
  readonly method: DescMethod;
}

interface WrongHostsOptions {
  readonly ids: RequestIds;
  /** CORS headers of gRPC answers. */
  readonly corsHeaders: CorsHeaders;
  /** CORS and security headers of all other answers. */
  readonly httpHeaders: CorsHeaders;
  /** Paths that every host has, even if a template matches them. */
  readonly reserved: ReadonlySet<string>;
}

const WRONG_HOST: PathError = {
  code: Code.Unimplemented,
  message: "this host does not serve the rpc",
  reason: "WRONG_HOST",
  status: 421,
};
type Kind = "connect" | "rest";

/**
 * Refuses requests to services on other hosts than theirs: 421 (RFC 9110, 15.5.20), over gRPC UNIMPLEMENTED. A client
 * that reuses a connection for several names (RFC 9110, 7.4) opens another connection then. Forwarded hosts are never
 * read.
 */
export class WrongHosts implements Shortcut {
  readonly #services = new Map<string, HostNames>();
  readonly #templates = new RestMatcher<HostNames>();
  readonly #options: WrongHostsOptions;

  /** @throws TypeError for a malformed host name */
  private constructor(endpoints: readonly HostedEndpoint[], options: WrongHostsOptions) {
    this.#options = options;
    for (const { method, hosts = [], rest = [] } of endpoints) {
      if (hosts.length === 0) continue;
      const service = method.parent.typeName;
      const names = this.#services.get(service) ?? new HostNames(hosts);
      this.#services.set(service, names);
      for (const rule of rest) this.#templates.add(rule, names);
    }
  }
  /** Returns undefined if no endpoint has hosts: requests are then not compared. */
  static of(endpoints: readonly HostedEndpoint[], options: WrongHostsOptions): WrongHosts | undefined {
    return endpoints.some(({ hosts }) => hosts !== undefined) ? new WrongHosts(endpoints, options) : undefined;
  }
  /** Reports whether a `package.Service/Method` answers on this host. */
  admits(rpc: string, authority: string | undefined): boolean {
    return this.#services.get(rpc.slice(0, rpc.indexOf("/")))?.admits(authority) ?? true;
  }
  stream(stream: Carrier, headers: http2.IncomingHttpHeaders, _raw: readonly string[]): boolean {
    const { ":path": path = "", ":method": method = "", "content-type": type = "" } = headers;
    const kind = this.#kindOf(method, path, headers[":authority"] ?? headers.host);
    if (kind === undefined) return false;
    stream.listen(NO_LISTENER);
    const { status, all, sent } = this.#answer(kind, type, headers);
    stream.answer(status, all, sent, undefined, true);
    return true;
  }
  request(request: http.IncomingMessage, response: http.ServerResponse): boolean {
    const { headers, method = "", url = "" } = request;
    const kind = this.#kindOf(method, url, headers.host);
    if (kind === undefined) return false;
    const { status, all, sent } = this.#answer(kind, headers["content-type"] ?? "", headers);
    // The rest of the request is not read.
    response.writeHead(status, [...all, "connection", "close"]);
    response.end(sent);
    return true;
  }
  checkArrivals(_rounds: number): void {}
  abort(_error: ConnectError): void {}

  /** Returns the kind of a refused path. Undefined: the host is the service's, or the path belongs to no such service. */
  #kindOf(method: string, target: string, authority: string | undefined): Kind | undefined {
    const path = target.split("?", 1)[0] ?? "";
    const names = this.#services.get(path.slice(1, path.indexOf("/", 1)));
    if (names !== undefined) return names.admits(authority) ? undefined : "connect";
    const parts = this.#options.reserved.has(path) ? undefined : partsOf(path);
    if (parts === undefined) return undefined;
    const [other = method] = this.#templates.methods(parts);
    const match = this.#templates.match(method, parts) ?? this.#templates.match(other, parts);
    return match === undefined || match.value.admits(authority) ? undefined : "rest";
  }
  #answer(
    kind: Kind,
    type: string,
    headers: http.IncomingHttpHeaders,
  ): { readonly status: number; readonly all: readonly string[]; readonly sent: Uint8Array | undefined } {
    const grpc = grpcTypeOf(type);
    if (grpc !== undefined) {
      const refusal = { ...WRONG_HOST, contentType: grpc };
      return { status: 200, all: unimplemented(refusal, headers, this.#options), sent: undefined };
    }
    const { ids, httpHeaders } = this.#options;
    const id = ids.of(headers);
    const { bytes, headers: described } =
      kind === "connect" ? connectAnswer(WRONG_HOST, id) : restAnswer(WRONG_HOST, id, headers.accept);
    return {
      status: WRONG_HOST.status,
      all: [...described, "cache-control", "no-store", REQUEST_ID, id, ...httpHeaders(headers.origin)],
      sent: bytes,
    };
  }
}

import type * as http from "node:http";
import type * as http2 from "node:http2";
import type { ConnectError } from "@connectrpc/connect";
import { type Carrier, NO_LISTENER } from "../carrier/carrier.ts";
import type { Shortcut } from "../carrier/handler.ts";
import type { CorsHeaders } from "../headers/cors.ts";
import type { RequestIds } from "../headers/request-ids.ts";
import { unimplemented } from "./grpc-refusal.ts";

/** Content types of gRPC, which gRPC-Web does not match. Clients expect the codec of their request. */
const GRPC = /^application\/grpc(?:\+[a-z]{1,16})?(?=$|;)/;

/**
 * Refuses gRPC requests at unknown paths with UNIMPLEMENTED, as gRPC's own servers do (Trailers-Only in gRPC's
 * PROTOCOL-HTTP2.md). Only the path and the content type are read. All other requests get 404 elsewhere.
 */
export class UnknownMethods implements Shortcut {
  readonly #served: ReadonlySet<string>;
  readonly #options: { readonly ids: RequestIds; readonly corsHeaders: CorsHeaders };

  /** @param served all paths that something serves */
  constructor(served: Iterable<string>, ids: RequestIds, corsHeaders: CorsHeaders) {
    this.#served = new Set(served);
    this.#options = { ids, corsHeaders };
  }
  stream(stream: Carrier, headers: http2.IncomingHttpHeaders, _raw: readonly string[]): boolean {
    const { ":method": method, ":path": path, "content-type": type } = headers;
    if (method !== "POST" || path === undefined || type === undefined) return false;
    if (this.#served.has(path) || path.includes("?")) return false;
    const contentType = GRPC.exec(type)?.[0];
    if (contentType === undefined) return false;
    stream.listen(NO_LISTENER);
    const refusal = { contentType, message: "no rpc is served at this path", reason: "UNKNOWN_PATH" } as const;
    const all = unimplemented(refusal, headers, this.#options);
    stream.answer(200, all, undefined, undefined, true);
    return true;
  }
  request(_request: http.IncomingMessage, _response: http.ServerResponse): boolean {
    return false;
  }
  checkArrivals(_rounds: number): void {}
  abort(_error: ConnectError): void {}
}

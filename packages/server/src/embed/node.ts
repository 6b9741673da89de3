// The door of servers of node:http, node:http2 and Express.
import type * as http from "node:http";
import type * as http2 from "node:http2";
import { useOrdinaryHeaders } from "@protobff/runtime/internal/routes/ordinary-headers";
import type { ServerRequest, ServerResponse } from "../carrier/handler.ts";
import { NodeCarrier } from "../http2/node-carrier.ts";
import type { ServedPaths } from "../paths/served-paths.ts";
import type { AdapterRequests } from "../requests/adapter-requests.ts";
import { hasValidHost, useOriginForm } from "../requests/request-target.ts";
import { answer } from "../services/probes.ts";
import { withoutBase } from "./without-base.ts";

/** Serves a request of node; calls `next` for a path that is not of the BFF. */
export type NodeHandler = (request: ServerRequest, response: ServerResponse, next?: () => void) => void;

interface NodeParts {
  readonly served: Pick<ServedPaths, "has" | "shortcut">;
  readonly requests: AdapterRequests;
  readonly basePath: string;
  /** False after `close`. */
  readonly isOpen: () => boolean;
}

/** The requests of node that have not ended, and the function that serves them. */
export class NodeRequests {
  readonly #parts: NodeParts;
  readonly #open = new Set<ServerResponse>();

  constructor(parts: NodeParts) {
    this.#parts = parts;
  }
  /** Resolves when all requests that are open now have ended. */
  async ended(): Promise<void> {
    await Promise.all([...this.#open].map((response) => new Promise<void>((end) => response.once("close", end))));
  }
  /** Ends all open requests. */
  abort(): void {
    for (const response of this.#open) ("stream" in response ? response.stream : response).destroy();
  }

  readonly handle: NodeHandler = (request, response, next) => {
    const path = withoutBase(request.url ?? "/", this.#parts.basePath);
    // Before anything of the request or its answer changes.
    if (next !== undefined && !this.#parts.served.has(path?.split("?", 1)[0] ?? "")) return next();
    if (path === undefined) return answer(response, 404, `nothing is served outside of ${this.#parts.basePath}\n`);
    if (!this.#parts.isOpen()) return answer(response, 503, "the BFF is closed\n");
    if (wasRead(request))
      return answer(
        response,
        400,
        "the body of this request was read before: place the BFF before parsers of bodies\n",
      );
    request.url = path;
    this.#open.add(response);
    response.once("close", () => this.#open.delete(response));
    useOrdinaryHeaders(request.headers);
    if ("stream" in request) this.#http2(request, response as http2.Http2ServerResponse);
    else this.#http1(request, response as http.ServerResponse);
  };
  #http1(request: http.IncomingMessage, response: http.ServerResponse): void {
    request.on("error", () => {}); // Connect's adapter removes its listener when the response closes, possibly just before
    useOriginForm(request);
    const { served, requests } = this.#parts;
    if (!hasValidHost(request)) answer(response, 400, "the host is missing or invalid\n");
    else if (!served.shortcut.request(request, response)) requests.h1(request, response);
  }
  #http2(request: http2.Http2ServerRequest, response: http2.Http2ServerResponse): void {
    const { served, requests } = this.#parts;
    const { stream, headers, rawHeaders } = request;
    headers[":path"] = request.url;
    // Node's response would send its own trailers.
    const senders = stream.listeners("wantTrailers");
    stream.removeAllListeners("wantTrailers");
    if (served.shortcut.stream(new NodeCarrier(stream), headers, rawHeaders)) return;
    for (const send of senders) stream.on("wantTrailers", send as () => void);
    requests.h2(request, response);
  }
}

/** True if an earlier handler has read the body. */
function wasRead(request: ServerRequest): boolean {
  return request.readableDidRead && request.method !== "GET" && request.method !== "HEAD";
}

import type * as http2 from "node:http2";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import type { RequestFields } from "@protobff/runtime/internal/http2";
import { hadItsTurn } from "../carrier/bridged-stream.ts";
import type { Handler, ServerRequest, ServerResponse } from "../carrier/handler.ts";
import type { OwnStream } from "../carrier/own-stream.ts";
import { beginWithHandler } from "../turns/turns.ts";
import type { AbandonedReporter } from "./abandoned-requests.ts";
import { FORWARDED_FOR, type Peers } from "./peers.ts";
import type { PendingBytes } from "./pending-bytes.ts";
import { CONTINUE, canWait, isFramed, PendingRequest, type ReceivedRequest } from "./pending-request.ts";
import { discard, RequestBody } from "./request-body.ts";

export interface AdapterRequestsOptions {
  /** Maximum size of a message, in bytes. */
  readonly maxBytes: number;
  /** Account of the bytes of bodies. */
  readonly pending: PendingBytes;
  /** The addresses of clients; without it all bodies are those of one client. */
  readonly peers?: Peers | undefined;
  /** Rpcs that stream both ways. */
  readonly streamingPaths?: ReadonlySet<string>;
  readonly gone?: AbandonedReporter;
  readonly fault?: ServerFault;
}

/** Passes requests that no shortcut has accepted to the handler. */
export class AdapterRequests {
  readonly #handler: Handler;
  readonly #options: AdapterRequestsOptions;
  /** Requests of HTTP/2. */
  readonly #arriving = new Set<RequestBody | PendingRequest>();
  /** Time for which an answered request may continue to send, in milliseconds; undefined: the default. */
  discardMs: number | undefined;

  constructor(handler: Handler, options: AdapterRequestsOptions) {
    this.#handler = handler;
    this.#options = options;
  }

  /**
   * Passes on a request over our own frames: if possible complete, and in its turn.
   *
   * @param headers owned by this request
   */
  receive(stream: OwnStream, headers: RequestFields, handOn: (come: ReceivedRequest) => void): void {
    const { pending, peers, maxBytes, streamingPaths } = this.#options;
    const path = String(headers[":path"]);
    if (streamingPaths?.has(path) || !canWait(stream, headers, maxBytes)) {
      handOn({ body: undefined, failure: undefined });
      return;
    }
    if (headers.expect === CONTINUE) {
      stream.continue();
      delete headers.expect; // else it would be told again
    }
    const startedAt = performance.now();
    const request = new PendingRequest(stream, {
      pending,
      peers,
      forwardedFor: [headers[FORWARDED_FOR] ?? []].flat(),
      maxBytes,
      isFramed: isFramed(headers["content-type"]),
      gone: (come) => {
        this.#arriving.delete(request);
        if (come === undefined) this.#options.gone?.(path, headers, performance.now() - startedAt);
        else handOn(come);
      },
    });
    this.#arriving.add(request);
    request.count();
  }
  h1(request: ServerRequest, response: ServerResponse): void {
    this.#counted(request, response);
    this.#serve(request, response);
  }
  readonly h2 = (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse): void => {
    const { stream } = request;
    // The response's own events come only when the stream closes, which waits for the request's end.
    stream.once("finish", () => {
      if (!request.complete) discard(request, stream, this.discardMs);
    });
    const body = this.#counted(request, response);
    const arrived = () => this.#arriving.delete(body);
    this.#arriving.add(body);
    request.once("end", arrived);
    stream.once("close", arrived);
    if ("failure" in stream && stream.failure instanceof Error) body.refuse(stream.failure);
    const begin = () => this.#serveUnlessReset(request, response);
    if (request.method === "GET" && !hadItsTurn(stream)) beginWithHandler(stream, begin);
    else this.#serve(request, response);
  };
  /** Starts nothing if the request is reset together with its end. */
  #serveUnlessReset(request: http2.Http2ServerRequest, response: http2.Http2ServerResponse): void {
    if (!request.stream.closed && !request.stream.destroyed) this.#serve(request, response);
  }

  /** Returns the body of a request. The body and its answer count from now on. */
  #counted(request: ServerRequest, response: ServerResponse): RequestBody {
    const { pending, peers, maxBytes, streamingPaths } = this.#options;
    const streams = streamingPaths?.has(request.url ?? "") ?? false;
    return new RequestBody(request, response, { pending, peers, maxBytes, streams });
  }

  /** As of `Shortcut`. */
  checkArrivals(rounds: number): void {
    for (const body of this.#arriving) body.checkArrival(rounds);
  }

  #serve(request: ServerRequest, response: ServerResponse): void {
    try {
      this.#handler(request, response);
    } catch (thrown) {
      // No request may end the process.
      this.#options.fault?.("cannot handle a request", thrown);
      if (!response.headersSent) response.statusCode = 400;
      response.end();
    }
  }
}

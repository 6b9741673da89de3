import type * as http2 from "node:http2";
import { connectionOf } from "./carrier.ts";
import type { Handler, ServerRequest, ServerResponse } from "./handler.ts";
import type { PendingBytes } from "./pending-bytes.ts";
import { discard, RequestBody } from "./request-body.ts";
import { beginInTurn } from "./turns.ts";

export interface AdapterRequestsOptions {
  /** Of a message, in bytes. */
  readonly maxBytes: number;
  /** Where bodies count. */
  readonly pending: PendingBytes;
  /** Rpcs that stream both ways. */
  readonly streamingPaths?: ReadonlySet<string>;
}

/** What no shortcut has taken, on its way to the handler. */
export class AdapterRequests {
  readonly #handler: Handler;
  readonly #options: AdapterRequestsOptions;
  /** Requests of HTTP/2. */
  readonly #arriving = new Set<RequestBody>();
  /** How long one that is answered may go on sending, in milliseconds; undefined: as usual. */
  discardMs: number | undefined;

  constructor(handler: Handler, options: AdapterRequestsOptions) {
    this.#handler = handler;
    this.#options = options;
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
    const begin = () => this.#serveUnlessReset(request, response);
    if (request.method === "GET") beginInTurn(connectionOf(stream) ?? stream, { begin });
    else this.#serve(request, response);
  };
  /** What is reset together with its end begins nothing. */
  #serveUnlessReset(request: http2.Http2ServerRequest, response: http2.Http2ServerResponse): void {
    if (!request.stream.closed && !request.stream.destroyed) this.#serve(request, response);
  }

  /** Its body, which counts from now on, as its answer does. */
  #counted(request: ServerRequest, response: ServerResponse): RequestBody {
    const { pending, maxBytes, streamingPaths } = this.#options;
    const streams = streamingPaths?.has(request.url ?? "") ?? false;
    return new RequestBody(request, response, { pending, maxBytes, streams });
  }

  /** As of `Shortcut`. */
  checkArrivals(rounds: number): void {
    for (const body of this.#arriving) body.checkArrival(rounds);
  }

  #serve(request: ServerRequest, response: ServerResponse): void {
    try {
      this.#handler(request, response);
    } catch {
      // Connect's adapter throws at a request whose authority is missing or no host.
      if (!response.headersSent) response.statusCode = 400;
      response.end();
    }
  }
}

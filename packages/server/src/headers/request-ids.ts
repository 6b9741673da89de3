import type { IncomingHttpHeaders } from "node:http";
import { isRequestId, REQUEST_ID } from "@protobff/runtime/internal/call/request-id";
import type { Handler } from "../carrier/handler.ts";
import { Ids } from "../random-ids.ts";

/**
 * Gives each request an id: its `x-request-id` if valid, otherwise a new one. Expressions, logs, traces and upstreams
 * thus see the same id, and the client receives it with the answer.
 */
export class RequestIds {
  /** Random, because a counter would reveal the server's load to clients. */
  readonly #ids = new Ids();

  /** Returns the id of a request, which it sets on the first call. */
  of(headers: IncomingHttpHeaders): string {
    const requestId = headers[REQUEST_ID];
    if (typeof requestId === "string" && isRequestId(requestId)) return requestId;
    const made = this.#ids.short();
    headers[REQUEST_ID] = made;
    return made;
  }
  /** Adds the id to answers outside the fast path. */
  added(handler: Handler): Handler {
    return (request, response) => {
      response.setHeader(REQUEST_ID, this.of(request.headers));
      handler(request, response);
    };
  }
}

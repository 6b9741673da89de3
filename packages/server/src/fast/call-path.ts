// Base classes of paths that serve fast calls.
import type * as http from "node:http";
import type * as http2 from "node:http2";
import type { ConnectError } from "@connectrpc/connect";
import type { Carrier, CarrierListener } from "../carrier/carrier.ts";
import type { Shortcut } from "../carrier/handler.ts";
import { inTurn } from "../turns/turn-queue.ts";
import type { FastCall, FastHead } from "./fast-call.ts";

/** Calls under way of one path. */
export abstract class OpenCalls implements Shortcut {
  protected readonly open: FastCall[] = [];

  abstract stream(stream: Carrier, headers: http2.IncomingHttpHeaders, raw: readonly string[]): boolean;
  abstract request(request: http.IncomingMessage, response: http.ServerResponse): boolean;
  checkArrivals(rounds: number): void {
    for (const call of [...this.open]) call.checkArrival(rounds);
  }
  /** Answers all calls under way with this. */
  abort(error: ConnectError): void {
    for (const call of [...this.open]) call.abort(error);
  }
}

/** Serves requests by method and target, over HTTP/1.1 and HTTP/2, also those that wait for `100 Continue`. */
export abstract class CallPath extends OpenCalls {
  /** Returns undefined for a request that is left to others. */
  protected abstract call(
    method: string,
    target: string,
    from: Pick<FastHead, "headers" | "raw" | "carrier">,
    out: Carrier | http.ServerResponse,
  ): FastCall | undefined;

  stream(stream: Carrier, headers: http2.IncomingHttpHeaders, raw: readonly string[]): boolean {
    const { ":method": method = "", ":path": target = "" } = headers;
    const call = this.call(method, target, { headers, raw, carrier: stream }, stream);
    if (call === undefined) return false;
    stream.listen(call);
    call.count();
    if (headers.expect === "100-continue") stream.continue();
    return true;
  }
  request(request: http.IncomingMessage, response: http.ServerResponse): boolean {
    const { headers, method = "", url = "", rawHeaders: raw } = request;
    const call = this.call(method, url, { headers, raw, carrier: request }, response);
    if (call === undefined) return false;
    attachRequest(call, request, response);
    return true;
  }
}

// Listeners on a request of HTTP/1.1 and its response, shared by all requests in place of closures for each.

const CALL = Symbol();
type OfCall = { [CALL]?: CarrierListener | undefined };

function onData(this: OfCall, chunk: Buffer): void {
  this[CALL]?.data(chunk);
}
function onEnd(this: OfCall): void {
  this[CALL]?.end();
}
function onResponseClose(this: http.ServerResponse): void {
  const request = this.req as OfCall;
  const call = request[CALL]; // not the request's own event, which comes when it has been read
  request[CALL] = undefined;
  if (call === undefined) return;
  if (this.writableFinished) call.close();
  else inTurn(() => call.close());
}
function onError(): void {} // `close` follows

/** Forwards the events of a request to its call. */
export function attachRequest(call: FastCall, request: http.IncomingMessage, response: http.ServerResponse): void {
  (request as OfCall)[CALL] = call;
  request.on("data", onData).on("end", onEnd).on("error", onError);
  response.on("close", onResponseClose);
  call.count();
}

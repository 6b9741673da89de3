// Listeners on a request of HTTP/1.1 and its response, shared by all requests in place of closures for each.
import type * as http from "node:http";
import type { CarrierListener } from "../carrier/carrier.ts";
import { inTurn } from "../turns/turn-queue.ts";
import type { FastCall } from "./fast-call.ts";

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

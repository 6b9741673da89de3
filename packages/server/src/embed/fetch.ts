// The door of frameworks that have the web's `Request` and `Response`.
import { Code, ConnectError } from "@connectrpc/connect";
import { errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import type { Peer } from "@protobff/runtime/internal/identity/incoming-request";
import type { MemoryRequests } from "./memory-requests.ts";
import { withoutBase } from "./without-base.ts";

interface FetchParts {
  readonly requests: MemoryRequests;
  readonly basePath: string;
  readonly peerOf: (request: Request) => Peer;
  /** False after `close`. */
  readonly isOpen: () => boolean;
}

/** Statuses whose answers have no body (Fetch, "null body status"). */
const NO_BODY: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);
const GRPC = /^application\/grpc(?!-web)/i;

/** Returns a function that answers requests of all protocols but gRPC, which needs trailers. */
export function fetchOf({ requests, basePath, peerOf, isOpen }: FetchParts): (request: Request) => Promise<Response> {
  return async (request) => {
    if (!isOpen()) return refusal(503, Code.Unavailable, "the BFF is closed");
    const url = new URL(request.url);
    const path = withoutBase(url.pathname, basePath);
    if (path === undefined) return refusal(404, Code.NotFound, `nothing is served outside of ${basePath}`);
    if (GRPC.test(request.headers.get("content-type") ?? ""))
      return refusal(415, Code.Unimplemented, "gRPC needs HTTP/2 with trailers: use Connect or gRPC-Web here");
    if (request.bodyUsed)
      return refusal(400, Code.InvalidArgument, "the body of this request was read before: pass the request on unread");
    const { method, headers, body, signal } = request;
    const {
      status,
      headers: answered,
      body: answer,
    } = await requests.answer({
      method,
      url,
      target: path + url.search,
      headers,
      body: body ?? undefined,
      signal,
      peer: peerOf(request),
    });
    await undefined; // an answer in one piece is complete by now
    const none = NO_BODY.has(status) || method === "HEAD";
    return new Response(none ? null : (answer.whole ?? answer.stream), { status, headers: answered });
  };
}

/** An answer in Connect's JSON. */
function refusal(status: number, code: Code, message: string): Response {
  const body = errorToJsonBytes(new ConnectError(message, code), undefined).slice();
  return new Response(body, { status, headers: { "content-type": "application/json", "cache-control": "no-store" } });
}

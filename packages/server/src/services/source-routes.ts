import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import type { Route, RouteAnswer, RouteRequest, Routes } from "@protobff/runtime/internal/identity/routes";
import type { Handler, ServerRequest, ServerResponse } from "../carrier/handler.ts";
import { NodeIncoming, type Peers } from "../requests/peers.ts";

interface SourceRouteOptions {
  readonly routes: Routes;
  readonly peers: Peers;
  readonly fault: ServerFault;
}

/** Serves the routes of identity sources, such as a login. */
export function withSourceRoutes({ routes, peers, fault }: SourceRouteOptions, handler: Handler): Handler {
  if (routes.size === 0) return handler;
  return (request, response) => {
    const [path = "", query = ""] = split(request.url ?? "");
    const route = routes.get(path);
    if (route === undefined) return handler(request, response);
    answered(route, requestOf(request, response, query, peers))
      .then((answer) => send(response, answer))
      .catch((thrown: unknown) => {
        if (!(thrown instanceof RangeError)) fault(`cannot answer ${path}`, thrown);
        send(response, { status: thrown instanceof RangeError ? 413 : 500 });
      });
  };
}

function split(url: string): readonly [string, string] {
  const at = url.indexOf("?");
  return at < 0 ? [url, ""] : [url.slice(0, at), url.slice(at + 1)];
}

async function answered(route: Route, request: RouteRequest): Promise<RouteAnswer> {
  return route(request);
}

function requestOf(request: ServerRequest, response: ServerResponse, query: string, peers: Peers): RouteRequest {
  const disconnect = new AbortController();
  response.once("close", () => disconnect.abort());
  return {
    method: request.method ?? "",
    query: new URLSearchParams(query),
    headers: new NodeIncoming(request, peers),
    signal: disconnect.signal,
    body: (maxBytes) => bodyOf(request, maxBytes),
  };
}

/** @throws RangeError for a body of more than `maxBytes` bytes; errors of the transport */
async function bodyOf(request: ServerRequest, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxBytes) throw new RangeError(`more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Default headers. Answers may contain text written by users, which a browser must not interpret as a page. */
const DEFAULTS: readonly (readonly [string, string[]])[] = [
  ["cache-control", ["no-store"]],
  ["x-content-type-options", ["nosniff"]],
];

/** Response methods that both versions of HTTP have. */
interface Answerable {
  statusCode: number;
  setHeader(name: string, value: string | string[]): unknown;
  end(body: string | Uint8Array): unknown;
}

function send(response: ServerResponse, { status, headers = [], body = "" }: RouteAnswer): void {
  const { destroyed } = "stream" in response ? response.stream : response;
  if (destroyed || response.headersSent) return;
  const values = new Map(DEFAULTS);
  const names = new Set<string>();
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? "";
    const before = names.has(name) ? (values.get(name) ?? []) : [];
    names.add(name);
    values.set(name, [...before, headers[i + 1] ?? ""]);
  }
  const { validateHeaderValue } = process.getBuiltinModule("node:http");
  // Before any is set; and HTTP/2 would send other characters.
  for (const [name, all] of values) for (const value of all) validateHeaderValue(name, value);
  const out: Answerable = response;
  out.statusCode = status;
  for (const [name, [only = "", ...more]] of values) out.setHeader(name, more.length === 0 ? only : [only, ...more]);
  out.end(body);
}

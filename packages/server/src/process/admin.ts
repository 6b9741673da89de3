// The admin port, for operators and not for clients. It answers GET on few paths, and limits its load.
import { once } from "node:events";
import type * as http from "node:http";
import type { AddressInfo } from "node:net";
import { isFor } from "../config/loopback.ts";
import { urlOf } from "../listener/connections.ts";
import { CONTENT_TYPES, formatFor, type MetricsFormat } from "../metrics/render.ts";
import { type Load, type ReadyState, readyAnswer } from "../overload/load.ts";

/** Answer of one path. */
export interface AdminAnswer {
  /** Default 200. */
  readonly status?: number;
  /** Default plain text. */
  readonly type?: string;
  readonly body: string | Uint8Array;
  /** Names and values in turn. */
  readonly headers?: readonly string[];
}
export type AdminRoute = (request: http.IncomingMessage) => AdminAnswer | Promise<AdminAnswer>;

/** Several paths, and whose they are. */
export interface AdminPage {
  owns(path: string): boolean;
  answer(path: string, request: http.IncomingMessage, response: http.ServerResponse): Promise<void>;
  /** Ends answers that do not end otherwise. */
  close(): void;
}

export interface AdminOptions {
  readonly host: string;
  /** 0: a free port. */
  readonly port: number;
  /** Body of `/metrics`. Concurrent requests for a format share one call. */
  readonly metrics: (format: MetricsFormat) => string | Promise<string>;
  /** Readiness of the server. */
  readonly state: () => ReadyState;
  /** Refusals of the server under overload. Default: none. */
  readonly load?: () => Load;
  /** Further paths. */
  readonly routes?: ReadonlyMap<string, AdminRoute>;
  /** Handlers of all other paths, including POST requests: the first that owns the path. */
  readonly pages?: readonly AdminPage[];
  /** Reports failures to make an answer. */
  readonly fault: (message: string, cause: unknown) => void;
}

export interface Admin {
  readonly port: number;
  /** `http://<host>:<port>` */
  readonly url: string;
  /** Accepts nothing more. Answers in progress have a short time to leave. */
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 64;
const MAX_HEADER_BYTES = 8 << 10;
/** Time limits for a request, for reading an answer, and for an idle connection, in milliseconds. */
const REQUEST_MS = 5_000;
const SILENCE_MS = 30_000;
const IDLE_MS = 5_000;
const LAST_MS = 500;

const TEXT = "text/plain; charset=utf-8";

/** @throws the error of `listen`, with a `code` such as EADDRINUSE */
export async function openAdmin(options: AdminOptions): Promise<Admin> {
  const { host, port } = options;
  const routes = new Map<string, AdminRoute>([
    ["/healthz", () => ({ body: "ok\n" })],
    ["/readyz", () => readyAnswer(options.state(), options.load?.() ?? "calm")],
    ["/metrics", metricsRoute(options.metrics)],
    ...(options.routes ?? []),
  ]);
  const server = process.getBuiltinModule("node:http").createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: REQUEST_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: REQUEST_MS / 5,
      keepAliveTimeout: IDLE_MS,
    },
    (request, response) => {
      void answer(routes, request, response, options);
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(SILENCE_MS);
  server.listen({ port, host });
  await once(server, "listening");
  server.on("error", (error) => options.fault("the admin port cannot accept a connection", error));
  const { port: actualPort } = server.address() as AddressInfo;
  return { port: actualPort, url: urlOf("http", host, actualPort), close: () => closed(server, options.pages ?? []) };
}

/** Makes the metrics once for all concurrent requests. */
function metricsRoute(metrics: AdminOptions["metrics"]): AdminRoute {
  const making = new Map<MetricsFormat, Promise<string>>();
  const made = async (format: MetricsFormat): Promise<string> => {
    try {
      return await metrics(format);
    } finally {
      making.delete(format);
    }
  };
  return async ({ headers }) => {
    const format = formatFor(headers.accept);
    const text = making.get(format) ?? made(format);
    making.set(format, text);
    return { type: CONTENT_TYPES[format], body: await text, headers: ["vary", "accept"] };
  };
}

async function answer(
  routes: ReadonlyMap<string, AdminRoute>,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  { host, fault, pages = [] }: AdminOptions,
): Promise<void> {
  const path = (request.url ?? "").split("?", 1)[0] ?? "";
  const route = routes.get(path);
  const page = pages.find((candidate) => candidate.owns(path));
  let found: AdminAnswer;
  if (!isFor(host, request.headers.host)) found = { status: 421, body: "this port answers by its address alone\n" };
  else if (page !== undefined) return answered(page, path, request, response, fault);
  else if (route === undefined) found = { status: 404, body: `there are ${[...routes.keys()].join(", ")}\n` };
  else if (request.method !== "GET" && request.method !== "HEAD")
    found = { status: 405, body: "GET and HEAD only\n", headers: ["allow", "GET, HEAD"] };
  else {
    try {
      found = await route(request);
    } catch (thrown) {
      fault(`cannot answer ${path} of the admin port`, thrown);
      found = { status: 500, body: "cannot answer\n" };
    }
  }
  send(request, response, found);
}

async function answered(
  page: AdminPage,
  path: string,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  fault: AdminOptions["fault"],
): Promise<void> {
  try {
    await page.answer(path, request, response);
  } catch (thrown) {
    if (request.destroyed) return; // who asked has gone
    fault(`cannot answer ${path} of the admin port`, thrown);
    if (!response.headersSent) send(request, response, { status: 500, body: "cannot answer\n" });
    else response.destroy();
  }
}

function send(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  { status = 200, type = TEXT, body, headers = [] }: AdminAnswer,
): void {
  if (response.destroyed) return;
  // Bodies are not read: the rest of a body ends with the connection.
  if (!request.complete || request.headers["content-length"] !== undefined) response.setHeader("connection", "close");
  response.statusCode = status;
  const all = ["content-type", type, "cache-control", "no-store", "x-content-type-options", "nosniff", ...headers];
  for (let i = 0; i + 1 < all.length; i += 2) response.setHeader(all[i] ?? "", all[i + 1] ?? "");
  response.setHeader("content-length", Buffer.byteLength(body));
  response.end(request.method === "HEAD" ? undefined : body);
}

async function closed(server: http.Server, pages: readonly AdminPage[]): Promise<void> {
  const done = once(server, "close");
  server.close();
  for (const page of pages) page.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), LAST_MS);
  await done;
  clearTimeout(timer);
}

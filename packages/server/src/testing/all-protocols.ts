// For tests only: every way in which clients reach an endpoint: protocols and versions of HTTP, on our server and on others.
import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import type * as net from "node:net";
import type { Interceptor, Transport } from "@connectrpc/connect";
import {
  compressionGzip,
  connectNodeAdapter,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { routes } from "@protobff/runtime/internal/routes/routes";
import { onTestFinished } from "vitest";
import { type ListenOptions, listen } from "../listen.ts";

/** Where an endpoint is served. */
export interface Served {
  readonly url: string;
  readonly port: number;
}
export type Serve = (endpoint: Endpoint, options?: ListenOptions) => Promise<Served>;
export async function listening(server: http.Server | http2.Http2Server, scheme = "http"): Promise<Served> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as net.AddressInfo;
  return { port, url: `${scheme}://127.0.0.1:${port}` };
}
export async function ours(endpoints: Parameters<typeof listen>[0], options?: ListenOptions): Promise<Served> {
  const server = await listen(endpoints, options);
  onTestFinished(() => server.close(0));
  return server;
}
export const fast: Serve = (endpoint, options) => ours([endpoint], options);
export const adapter: Serve = ({ method, route, refused }, options) => ours([{ method, route, refused }], options);
const servers: readonly [string, 1 | 2 | undefined, Serve][] = [
  ["the fast path", undefined, fast],
  ["Connect's adapter", undefined, adapter],
  [
    "a server of one's own, HTTP/1.1",
    1,
    ({ route }) => listening(http.createServer(connectNodeAdapter({ routes: route }))),
  ],
  [
    "a server of one's own, HTTP/2",
    2,
    (endpoint) => listening(http2.createServer(connectNodeAdapter({ routes: routes([endpoint]) }))),
  ],
];
const transports: readonly [string, 1 | 2, (baseUrl: string, interceptors: Interceptor[]) => Transport][] = [
  ["Connect", 1, (baseUrl, interceptors) => createConnectTransport({ baseUrl, httpVersion: "1.1", interceptors })],
  ["Connect", 2, (baseUrl, interceptors) => createConnectTransport({ baseUrl, httpVersion: "2", interceptors })],
  [
    "Connect's GET",
    1,
    (baseUrl, interceptors) =>
      createConnectTransport({ baseUrl, httpVersion: "1.1", interceptors, useHttpGet: true, useBinaryFormat: true }),
  ],
  ["gRPC", 2, (baseUrl, interceptors) => createGrpcTransport({ baseUrl, interceptors })],
  [
    "gRPC, compressed",
    2,
    (baseUrl, interceptors) => createGrpcTransport({ baseUrl, interceptors, compressMinBytes: 0, ...gzipped() }),
  ],
  ["gRPC-Web", 1, (baseUrl, interceptors) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1", interceptors })],
  ["gRPC-Web", 2, (baseUrl, interceptors) => createGrpcWebTransport({ baseUrl, httpVersion: "2", interceptors })],
];
function gzipped() {
  return { sendCompression: compressionGzip };
}

export const combinations = servers.flatMap(([server, version, serve]) =>
  transports
    .filter(([, over]) => version === undefined || over === version)
    .map(([protocol, over, transport]) => ({ server, serve, protocol, over, transport })),
);

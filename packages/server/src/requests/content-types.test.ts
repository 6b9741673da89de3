// Content types by RFC 9110, 5.6.6 and 8.3.1, codings by 8.4.1, and flags of frames, over every protocol.
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { routes } from "@protobff/runtime/internal/routes/routes";
import { streamRouteOf } from "@protobff/runtime/internal/stream/connect-stream";
import { testStream } from "@protobff/runtime/internal/testing/test-streams";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Listening, listen } from "../listen.ts";
import { bodyOf, bytes, framed, type RawRequest, send } from "../testing/both-paths.ts";
import { kindEndpoint, PATH } from "../testing/test-kinds.ts";

const FOLLOW = "/streams.v1.StreamService/Follow";
const stream = testStream(({ follower }) => follower.ended(undefined));
stream.route = streamRouteOf(stream.method, (...all) => stream.follow(...all));
const { method, route } = stream;
const adapted = [kindEndpoint(true), { method, route } as unknown as ReturnType<typeof kindEndpoint>];

const opened = new Map<string, Pick<Listening, "url" | "port" | "close">>();
beforeAll(async () => {
  const fast = [kindEndpoint(false), stream];
  opened.set("the fast path", await listen(fast));
  opened.set("the fast path over node:http2", await listen(fast, { http2Server: "node" }));
  opened.set("Connect's adapter", await listen(adapted));
  const endpoints = adapted as unknown as Parameters<typeof routes>[0];
  const custom = http2.createServer(connectNodeAdapter({ routes: routes(endpoints) }));
  await new Promise<void>((resolve) => custom.listen(0, "127.0.0.1", resolve));
  const { port } = custom.address() as AddressInfo;
  opened.set("a custom server", { port, url: `http://127.0.0.1:${port}`, close: async () => void custom.close() });
});
afterAll(() => Promise.all([...opened.values()].map((server) => server.close(0))));

const JSON_BODY = Buffer.from(bodyOf("x"));
/** The framed protocols, which serve unary calls and streams. */
const FRAMED: readonly (readonly [path: string, type: string, message: Buffer])[] = [PATH, FOLLOW].flatMap((path) => [
  [path, "application/grpc", bytes("x")] as const,
  [path, "application/grpc+proto", bytes("x")] as const,
  [path, "application/grpc+json", JSON_BODY] as const,
  [path, "application/grpc-web", bytes("x")] as const,
  [path, "application/grpc-web+proto", bytes("x")] as const,
  [path, "application/grpc-web+json", JSON_BODY] as const,
]);
const CONNECT: typeof FRAMED = [
  [FOLLOW, "application/connect+proto", bytes("x")],
  [FOLLOW, "application/connect+json", JSON_BODY],
];
const UNARY: typeof FRAMED = [
  [PATH, "application/json", JSON_BODY],
  [PATH, "application/proto", bytes("x")],
];
const MESSAGES = [
  ...UNARY,
  ...[...FRAMED, ...CONNECT].map(([path, type, message]) => [path, type, framed(message)] as const),
];
const WRITINGS: readonly ((type: string) => string)[] = [
  (type) => type.toUpperCase(),
  (type) => `${type};`,
  (type) => `${type};charset=utf-8`,
  (type) => `${type}; charset="utf-8"`,
  (type) => `${type} ; Charset="UTF-8"`,
  (type) => `${type}\t;\tversion="a;b\\"c"; charset=UTF-8`,
];
const sent = (path: string, type: string, body: Buffer, headers: object = {}): RawRequest => ({
  version: 2,
  path,
  headers: { "content-type": type, te: "trailers", ...headers },
  body: [body],
});
async function outcome(server: string, request: RawRequest) {
  const { status, headers, trailers, body } = await send(opened.get(server) as Listening, request);
  const inBody = /grpc-status: ?(\d+)/.exec(body)?.[1];
  const connect = /"code":"(\w+)"/.exec(body)?.[1];
  return { status, grpc: trailers["grpc-status"] ?? headers["grpc-status"] ?? inBody, connect };
}
const ok = (type: string) => ({ status: 200, grpc: type.includes("grpc") ? "0" : undefined, connect: undefined });

describe.each(["the fast path", "the fast path over node:http2", "Connect's adapter", "a custom server"])(
  "on %s",
  (server) => {
    test.each(MESSAGES)("%s accepts %s in all writings", async (path, type, body) => {
      for (const written of [type, ...WRITINGS.map((write) => write(type))])
        expect([written, await outcome(server, sent(path, written, body))]).toEqual([written, ok(type)]);
    });
    test.each(MESSAGES.filter(([, type]) => type.endsWith("json")))(
      "%s refuses %s in another charset",
      async (path, type, body) => {
        for (const charset of ["latin1", '"utf-16"', "utf-8; charset=latin1"])
          expect(await outcome(server, sent(path, `${type}; charset=${charset}`, body))).toMatchObject({ status: 415 });
      },
    );
    test.each(["text/json", "application/json, text/plain", "application/jsonp", "application/json charset=utf-8", ""])(
      "refuses %j",
      async (type) => {
        expect(await outcome(server, sent(PATH, type, JSON_BODY))).toMatchObject({ status: 415 });
      },
    );

    test.each([
      ["gzip", gzipSync],
      ["GZip", gzipSync],
      ["x-gzip", gzipSync],
      ["X-GZIP", gzipSync],
      ["Br", brotliCompressSync],
      ["Identity", (plain: Buffer) => plain],
    ] as const)("reads the coding %s", async (coding, pack) => {
      for (const [path, type, message] of UNARY) {
        const request = sent(path, type, pack(message), { "content-encoding": coding });
        expect([type, await outcome(server, request)]).toEqual([type, ok(type)]);
      }
      const flag = coding === "Identity" ? 0 : 1;
      const headers = { "grpc-encoding": coding, "connect-content-encoding": coding };
      for (const [path, type, message] of [...FRAMED, ...CONNECT]) {
        const request = sent(path, type, framed(pack(message), flag), headers);
        expect([path, type, await outcome(server, request)]).toEqual([path, type, ok(type)]);
      }
    });
    test.each([
      ["GZIP", "gzip"],
      ["x-gzip", "gzip"],
      ["gzip;q=0, br", "br"],
      ["gzip;q=0.5,br;q=0.8", "br"],
      ["gzip;q=0", undefined],
      ["gzip;q=0.0, identity", undefined],
    ])("answers to accept-encoding %j in %j", async (accept, coding) => {
      const request = sent(PATH, "application/json", Buffer.from(bodyOf("big:5000")), { "accept-encoding": accept });
      const { headers } = await send(opened.get(server) as Listening, request);
      expect(headers["content-encoding"]).toBe(coding);
    });

    test("405 has the methods of the path", async () => {
      const request: RawRequest = {
        version: 2,
        method: "PUT",
        path: PATH,
        headers: { "content-type": "application/json" },
      };
      const { status, headers } = await send(opened.get(server) as Listening, request);
      expect([status, headers.allow]).toEqual([405, "POST"]);
    });

    // The protocols define the flag of compression for requests, and no other.
    test.each([...FRAMED, ...CONNECT])("%s by %s refuses unknown flags", async (path, type, message) => {
      for (const flags of [2, 3, 0x80, 0x81, 0xff]) {
        const seen = await outcome(server, sent(path, type, framed(message, flags)));
        const refused = type.includes("grpc") ? { grpc: "3" } : { connect: "invalid_argument" };
        expect([flags, seen]).toMatchObject([flags, { status: 200, ...refused }]);
      }
    });
  },
);

import { once } from "node:events";
import * as http2 from "node:http2";
import * as net from "node:net";
import { streamRouteOf } from "@protobff/runtime/internal/stream/connect-stream";
import { testStream } from "@protobff/runtime/internal/testing/test-streams";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type Listening, listen } from "../listen.ts";
import { send } from "../testing/both-paths.ts";
import { kindEndpoint, PATH } from "../testing/test-kinds.ts";

let server: Listening;
beforeEach(async () => {
  const stream = testStream();
  const rest = [{ method: "POST", segments: ["kinds", "*"], body: "*" }];
  const followed = { ...stream, route: streamRouteOf(stream.method, stream.follow) };
  server = await listen([{ ...kindEndpoint(false), rest }, followed]);
  onTestFinished(() => server.close(0));
});

/** The first line of the answer to these bytes. */
async function firstLine(text: string): Promise<string> {
  const socket = net
    .connect(server.port, "127.0.0.1")
    .setEncoding("latin1")
    .on("error", () => {});
  onTestFinished(() => void socket.destroy());
  socket.write(text);
  const [answer] = await Promise.race([once(socket, "data"), once(socket, "close").then(() => ["closed"])]);
  return String(answer).split("\r\n", 1)[0] ?? "";
}

test.each(["PROPFIND", "TRACE", "QUERY"])("%s, which no path supports, is 501 over HTTP/1.1", async (method) => {
  for (const path of [PATH, "/kinds/x", "/nothing", "/healthz"])
    expect(await firstLine(`${method} ${path} HTTP/1.1\r\nhost: a\r\n\r\n`)).toMatch(/^HTTP\/1\.1 501 /);
});
test("a method that no path supports is 501 over HTTP/2; a method of another path is 405", async () => {
  const session = http2.connect(server.url);
  onTestFinished(() => session.destroy());
  const statusOf = async (method: string, path: string) =>
    (await once(session.request({ ":method": method, ":path": path }).end(), "response"))[0][":status"];
  for (const path of [PATH, "/kinds/x"]) {
    expect(await statusOf("PROPFIND", path)).toBe(501);
    expect(await statusOf("PUT", path)).toBe(405);
  }
});
test("405 lists the methods of the path over both versions of HTTP", async () => {
  const allowed = [
    [PATH, "POST"],
    ["/kinds/x", "POST"],
    ["/streams.v1.StreamService/Follow", "POST, GET, HEAD"], // by server-sent events
    ["/grpc.health.v1.Health/Check", "POST"],
  ] as const;
  for (const version of [1, 2] as const)
    for (const [path, allow] of allowed)
      for (const method of ["PUT", "DELETE", "OPTIONS"]) {
        const { status, headers } = await send(server, { version, method, path, headers: {} });
        expect([version, path, method, status, headers.allow]).toEqual([version, path, method, 405, allow]);
      }
});
test("a stream over GET is 406 without events, and 405 if the rpc may have side effects", async () => {
  const get = (path: string, accept: string) =>
    send(server, { version: 2, method: "GET", path: `/streams.v1.StreamService/${path}`, headers: { accept } });
  for (const accept of ["*/*", "application/json", "text/event-stream;q=0", "Text/Event-Stream; Q=0.0, */*"])
    expect([accept, (await get("Follow?encoding=json&message={}", accept)).status]).toEqual([accept, 406]);
});
test("OPTIONS * lists all methods", async () => {
  const line = await firstLine("OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n");
  expect(line).toBe("HTTP/1.1 204 No Content");
  for (const version of [1, 2] as const) {
    const { status, headers } = await send(server, { version, method: "OPTIONS", path: "*", headers: {} });
    expect([status, headers.allow]).toEqual([204, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"]);
  }
});
test("CONNECT is 501", async () => {
  expect(await firstLine("CONNECT a:80 HTTP/1.1\r\nhost: a:80\r\n\r\n")).toBe("HTTP/1.1 501 Not Implemented");
});
test("an absolute target upgrades to a WebSocket like its path", async () => {
  const upgrade = (target: string) =>
    [
      `GET ${target} HTTP/1.1`,
      "host: a",
      "connection: upgrade",
      "upgrade: websocket",
      "sec-websocket-version: 13",
      "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
      "sec-websocket-protocol: bff.v1.json",
      "\r\n",
    ].join("\r\n");
  expect(await firstLine(upgrade("/bff.v1/follow"))).toBe("HTTP/1.1 101 Switching Protocols");
  expect(await firstLine(upgrade("http://a/bff.v1/follow"))).toBe("HTTP/1.1 101 Switching Protocols");
});

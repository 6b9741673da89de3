import { once } from "node:events";
import * as http2 from "node:http2";
import * as net from "node:net";
import { streamRouteOf } from "@protobff/runtime/internal/stream/connect-stream";
import { testStream } from "@protobff/runtime/internal/testing/test-streams";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type Listening, listen } from "../listen.ts";
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

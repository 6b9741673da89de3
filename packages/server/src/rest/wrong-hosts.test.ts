// Holds docs/edge.md#hosts
import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import { text } from "node:stream/consumers";
import { Code, createClient } from "@connectrpc/connect";
import { credentials, Client as HealthClient } from "@grpc/grpc-js";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { testStream } from "@protobff/runtime/internal/testing/test-streams";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { listen } from "../listen.ts";
import { combinations, ours } from "../testing/all-protocols.ts";
import { declaredError } from "../testing/declared-error.ts";
import { EchoService, echoEndpoint } from "../testing/test-echo.ts";

const ECHO = "/echo.v1.EchoService/Echo";
const echo = (hosts: readonly string[]) => ({ ...echoEndpoint(), hosts });

test.each(combinations.filter(({ server }) => server === "the fast path"))(
  "a $protocol client over HTTP/$over is served on the service's host alone",
  async ({ transport }) => {
    const { port } = await ours([echo(["localhost"])]);
    const send = (host: string) =>
      createClient(EchoService, transport(`http://${host}:${port}`, [])).echo({ value: "hello" });
    expect((await send("localhost")).value).toBe("hello");
    await expect(send("127.0.0.1")).rejects.toMatchObject({ code: Code.Unimplemented });
    expect((await send("localhost")).value).toBe("hello");
  },
);

/** Sends a request by HTTP/1.1. */
async function sent(port: number, path: string, headers: http.OutgoingHttpHeaders, method = "POST") {
  const json = { "content-type": "application/json", ...headers };
  const request = http.request({ host: "127.0.0.1", port, path, method, headers: json });
  request.end(method === "POST" ? '"a"' : undefined);
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

test.each([
  ["shop.example", 200],
  ["SHOP.Example:8080", 200],
  ["shop.example.", 200],
  ["eu.stores.example", 200],
  ["a.b.stores.example", 200],
  ["stores.example", 421],
  [".stores.example", 421],
  ["a..stores.example", 421],
  ["*.stores.example", 421],
  ["a.*.stores.example", 421],
  ["a_b.stores.example", 200],
  [`${"a".repeat(64)}.stores.example`, 421],
  [`${"a.".repeat(125)}stores.example`, 421],
  ["evilstores.example", 421],
  ["shop.example.evil", 421],
  ["127.0.0.1", 421],
  ["[::1]:80", 421],
  ["xn--shp-4na.example", 421],
])("a request to the host %s gets %i", async (host, status) => {
  const { port } = await ours([echo(["shop.example", "*.stores.example"])]);
  expect((await sent(port, ECHO, { host })).status).toBe(status);
});

test("the refusal has a code and a request id, and forwarded hosts do not count", async () => {
  const { port } = await ours([echo(["shop.example"])]);
  const headers = { host: "other.example", "x-forwarded-host": "shop.example", "x-request-id": "r-1" };
  const refused = await sent(port, ECHO, headers);
  expect(refused).toMatchObject({ status: 421, headers: { "x-request-id": "r-1", "cache-control": "no-store" } });
  const message = "this host does not serve the rpc";
  expect(declaredError(refused.body)).toBe(JSON.stringify({ code: "unimplemented", message }));
  const served = await sent(port, ECHO, { host: "shop.example", "x-forwarded-host": "other.example" });
  expect(served.status).toBe(200);
});

test("the host of an absolute target takes precedence over the header", async () => {
  const { port } = await ours([echo(["shop.example"])]);
  expect((await sent(port, `http://shop.example${ECHO}`, { host: "other.example" })).status).toBe(200);
  expect((await sent(port, `http://other.example${ECHO}`, { host: "shop.example" })).status).toBe(421);
});

test("probes, health and unknown paths are the same on every host, and preflights are refused", async () => {
  const rest: NonNullable<Endpoint["rest"]> = [{ method: "GET", segments: ["**"] }];
  const { port } = await ours([{ ...echo(["shop.example"]), rest }]);
  const host = "other.example";
  expect((await sent(port, "/healthz", { host }, "GET")).status).toBe(200);
  expect((await sent(port, "/readyz", { host }, "GET")).status).toBe(200);
  const preflight = { host, origin: "https://a.example", "access-control-request-method": "POST" };
  expect((await sent(port, ECHO, preflight, "OPTIONS")).status).toBe(421);
  const client = new HealthClient(`127.0.0.1:${port}`, credentials.createInsecure());
  onTestFinished(() => client.close());
  const state = await new Promise<Buffer | undefined>((resolve, reject) => {
    const path = "/grpc.health.v1.Health/Check";
    const bytes = (buffer: Buffer): Buffer => buffer;
    client.makeUnaryRequest(path, bytes, bytes, Buffer.alloc(0), (error, value) =>
      error === null ? resolve(value) : reject(error),
    );
  });
  expect(state).toEqual(Buffer.from([8, 1]));
});

test("a path by google.api.http is refused with a google.rpc.Status", async () => {
  const rest: NonNullable<Endpoint["rest"]> = [{ method: "GET", segments: ["v1", "things"] }];
  const { port } = await ours([{ ...echo(["shop.example"]), rest }]);
  for (const method of ["GET", "PUT"]) {
    const refused = await sent(port, "/v1/things?page=2", { host: "other.example" }, method);
    expect(refused.status).toBe(421);
    expect(JSON.parse(refused.body)).toMatchObject({ code: 12, message: "this host does not serve the rpc" });
  }
});

test("one HTTP/2 connection that a browser uses for two names gets 421 for the other name alone", async () => {
  const { url } = await ours([echo(["shop.example"])]);
  const session = http2.connect(url);
  onTestFinished(() => session.destroy());
  const statusOf = async (authority: string): Promise<unknown> => {
    const headers = { ":method": "POST", ":path": ECHO, ":authority": authority, "content-type": "application/json" };
    const stream = session.request(headers);
    stream.end('"a"');
    const [answer] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
    stream.resume();
    return answer[":status"];
  };
  expect(await statusOf("other.example")).toBe(421);
  expect(await statusOf("shop.example")).toBe(200);
  expect(await statusOf("other.example")).toBe(421);
});

test("events and follows of a WebSocket are refused on another host", async () => {
  const stream = Object.assign(testStream(), { hosts: ["shop.example"] });
  const { port } = await ours([stream]);
  const path = "/streams.v1.StreamService/Follow";
  const events = await sent(port, path, { host: "other.example", accept: "text/event-stream" }, "GET");
  expect(events.status).toBe(421);
  const follow = async (host: string): Promise<WebSocket> => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/bff.v1/follow`, ["bff.v1.json"], { headers: { host } });
    onTestFinished(() => socket.terminate());
    await once(socket, "message");
    socket.send(JSON.stringify({ id: 1, follow: path.slice(1) }));
    return socket;
  };
  const [refused] = await once(await follow("other.example"), "message");
  expect(JSON.parse(String(refused))).toMatchObject({ id: 1, error: { code: "unimplemented" } });
  await follow("shop.example");
  expect((await stream.next()).text).toBe("");
});

test("a server does not start with a malformed host", async () => {
  await expect(listen([echo(["https://shop.example"])])).rejects.toThrow('"https://shop.example" is no host name');
});

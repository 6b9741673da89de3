// Holds docs/runtime.md#caching
import { once } from "node:events";
import * as http from "node:http";
import { expect, it, onTestFinished } from "vitest";
import { openAdmin } from "./admin.ts";
import { PurgePage } from "./purge-page.ts";

const TOKEN = "0123456789abcdef";

async function opened() {
  const purged: (readonly string[])[] = [];
  const state = { fails: false };
  const purge = async (names: readonly string[]): Promise<void> => {
    if (state.fails) throw new Error("no");
    purged.push(names);
  };
  const admin = await openAdmin({
    host: "127.0.0.1",
    port: 0,
    metrics: () => "",
    state: () => "ready",
    fault: (what) => expect(what).toBe(undefined),
    pages: [new PurgePage(TOKEN, purge)],
  });
  onTestFinished(() => admin.close());
  const send = async (body: string, { method = "POST", token = TOKEN } = {}) => {
    const headers = { authorization: `Bearer ${token}` };
    const request = http.request({
      host: "127.0.0.1",
      port: admin.port,
      path: "/purge",
      method,
      headers,
      agent: false,
    });
    request.on("error", () => {}); // a refused body may be cut off
    request.end(body);
    const [response]: [http.IncomingMessage] = (await once(request, "response")) as [http.IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { status: response.statusCode, body: Buffer.concat(chunks).toString() };
  };
  return { send, purged, state };
}

it("a purge names tags as they are declared, each once", async () => {
  const { send, purged } = await opened();
  expect(await send('{"tags": ["order:7", "a b", "order:7", "*"]}')).toEqual({ status: 200, body: '{"purged":3}\n' });
  expect(purged).toEqual([["order:7", "a%20b", "*"]]);
});

it("a purge without the token, another method and a wrong body are refused", async () => {
  const { send, purged } = await opened();
  expect((await send('{"tags": ["a"]}', { token: "0123456789abcdeg" })).status).toBe(401);
  expect((await send('{"tags": ["a"]}', { method: "PUT" })).status).toBe(405);
  const long = JSON.stringify({ tags: Array.from({ length: 1_001 }, (_, i) => `${i}`) });
  for (const body of ["", "null", "7", "[]", '{"tags": []}', '{"tags": [7]}', '{"tags": [""]}', long])
    expect([body.slice(0, 20), (await send(body)).status]).toEqual([body.slice(0, 20), 400]);
  expect((await send(JSON.stringify({ tags: ["a".repeat(257)] }))).status).toBe(400);
  expect((await send("x".repeat((64 << 10) + 1))).status).toBe(413);
  expect(purged).toEqual([]);
});

it("a purge that may not have reached every cache is a 503", async () => {
  const { send, state } = await opened();
  state.fails = true;
  expect((await send('{"tags": ["a"]}')).status).toBe(503);
});

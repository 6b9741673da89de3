// Rpcs as they are generated, followed by every protocol: the runtime's own endpoint over a source that counts.
import { once } from "node:events";
import * as http from "node:http";
import { type CallOptions, Code, ConnectError } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import type { ItemSource, Items } from "@protobff/runtime/internal/source/source";
import { streamEndpoint } from "@protobff/runtime/internal/stream/endpoint";
import { SHOW } from "@protobff/runtime/internal/testing/follow-rig";
import { page } from "@protobff/runtime/internal/testing/front";
import { Front } from "@protobff/runtime/internal/testing/gen/test_pb";
import { EventSource } from "eventsource";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Listening, listen } from "../listen.ts";

const NAME = `${Front.typeName}/${SHOW.name}`;

/** 1, 2, 3 …, behind the token; at `last` it is at its end, or it waits. */
function counting(last: number, ends: boolean, items: Items<number>, resume: string | undefined): ItemSource {
  let at = Number(resume ?? 0);
  let over = false;
  let expected = 0;
  const give = (): void => {
    if (over) return;
    if (at >= last) {
      if (ends) {
        over = true;
        items.ended();
      }
    } else if (expected > 0) {
      expected--;
      at++;
      items.item(at, { token: String(at), reset: false });
      queueMicrotask(give);
    }
  };
  queueMicrotask(give);
  const next = (): void => {
    expected++;
    queueMicrotask(give);
  };
  const cancel = (): void => {
    over = true;
  };
  return { next, cancel };
}

async function serve(last: number, ends: boolean, heartbeatMs = 15_000): Promise<Listening> {
  const endpoint = streamEndpoint(
    SHOW,
    {},
    {
      timeoutMs: 10_000,
      heartbeatMs,
      maxAgeMs: 60_000,
      ahead: 4,
      overflow: "wait",
      source: (_cx, _args, _opened, resume, items) => counting(last, ends, items, resume),
      compose: async (_cx, _args, item) => page({ title: String(item) }),
      stamp: (response, { beat }) => {
        if (beat) response.title = "beat";
      },
    },
  );
  const method = { ...SHOW, idempotency: 1 } as typeof SHOW;
  const server = await listen([{ ...endpoint, method }]);
  onTestFinished(() => server.close(0));
  return server;
}
describe.each([
  ["gRPC", (baseUrl: string) => createGrpcTransport({ baseUrl })],
  ["gRPC-Web", (baseUrl: string) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })],
  ["Connect", (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: "1.1" })],
])("%s", (_, transportOf) => {
  async function* open(server: Listening, { timeoutMs, headers }: CallOptions = {}) {
    const request = (async function* () {
      yield {};
    })();
    const { message } = await transportOf(server.url).stream(SHOW, undefined, timeoutMs, headers, request);
    yield* message;
  }
  test("all items arrive in order, with OK at the end", async () => {
    const titles: string[] = [];
    for await (const { title } of open(await serve(1000, true))) titles.push(title);
    expect(titles).toEqual(Array.from({ length: 1000 }, (_, i) => String(i + 1)));
  });
  test("a draining server sends its token, and another server continues behind it", async () => {
    const server = await serve(3, false);
    const titles: string[] = [];
    let token: string | null = null;
    try {
      for await (const { title } of open(server)) {
        titles.push(title);
        if (titles.length === 3) void server.close(60_000);
      }
    } catch (thrown) {
      if (!(thrown instanceof ConnectError)) throw thrown;
      expect(thrown.code).toBe(Code.Unavailable);
      token = thrown.metadata.get("bff-resume");
    }
    expect(token).toBe("3");
    for await (const { title } of open(await serve(5, true), { headers: { "bff-resume": token ?? "" } }))
      titles.push(title);
    expect(titles).toEqual(["1", "2", "3", "4", "5"]);
  });
  test("the client's deadline ends the stream, with the token", async () => {
    const titles: string[] = [];
    let error: unknown;
    try {
      for await (const { title } of open(await serve(2, false), { timeoutMs: 400 })) titles.push(title);
    } catch (thrown) {
      error = thrown;
    }
    expect(titles).toEqual(["1", "2"]);
    expect(error).toMatchObject({ code: Code.DeadlineExceeded });
  });
  test("heartbeats are messages", async () => {
    for await (const { title } of open(await serve(0, false, 20))) {
      expect(title).toBe("beat");
      break;
    }
  });
});

test("server-sent events have heartbeats as comments, and stop at the end", async () => {
  const server = await serve(0, false, 20);
  const request = http.get(`${server.url}/${NAME}?encoding=json&message={}`, {
    headers: { accept: "text/event-stream" },
  });
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  let text = "";
  for await (const chunk of response) {
    text += String(chunk);
    if (text.includes(": beat")) break;
  }
  expect(text).toMatch(/^retry: \d+\n\n: beat\n/);
  const titles: unknown[] = [];
  const source = new EventSource(`${(await serve(50, true)).url}/${NAME}?encoding=json&message={}`);
  onTestFinished(() => source.close());
  source.addEventListener("message", ({ data }) => titles.push(JSON.parse(data).title));
  await new Promise((resolve) => source.addEventListener("end", resolve));
  expect(titles).toEqual(Array.from({ length: 50 }, (_, i) => String(i + 1)));
});

test("a WebSocket delivers more items in order than may be unacknowledged", async () => {
  const server = await serve(500, true);
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/bff.v1/follow`, "bff.v1.json");
  onTestFinished(() => socket.close());
  const titles: string[] = [];
  const ended = new Promise((resolve) => {
    socket.addEventListener("message", ({ data }) => {
      const message = JSON.parse(String(data));
      if (message.item !== undefined) titles.push(message.item.title);
      if (titles.length % 64 === 0) socket.send(JSON.stringify({ id: 1, ack: titles.length }));
      if (message.end === true) resolve(undefined);
    });
  });
  socket.addEventListener("open", () => socket.send(JSON.stringify({ id: 1, follow: NAME })));
  await ended;
  expect(titles).toEqual(Array.from({ length: 500 }, (_, i) => String(i + 1)));
});

import { once } from "node:events";
import type * as net from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, onTestFinished, test, vi } from "vitest";
import { type WebSocket as ServerSocket, WebSocketServer } from "ws";
import { StreamService } from "../../runtime/src/testing/test-streams.ts";
import { follow } from "./follow.ts";
import type { FollowTransport } from "./transport.ts";
import { webSocket } from "./web-socket.ts";

interface OpeningMessage {
  readonly id: number;
  readonly follow?: string;
  readonly request?: { readonly fileName?: string };
  readonly resume?: string;
}

/**
 * Milliseconds between beats of a socket that is to be silent: long enough for a busy machine to answer within two of
 * them.
 */
const SHORT = 400;
const LONG = 60_000;

/** A server that does with each opening what a test gives; counts its sockets. */
async function serve(
  onFollow: (opening: OpeningMessage, send: (message: object) => void, socket: number) => void,
  beat = SHORT,
) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  await once(server, "listening");
  const sockets: ServerSocket[] = [];
  server.on("connection", (socket) => {
    const number = sockets.push(socket);
    const send = (message: object): void => socket.send(JSON.stringify(message));
    send({ beat: number === 1 ? beat : LONG });
    socket.on("message", (data) => {
      const opening = JSON.parse(String(data)) as OpeningMessage;
      if (opening.follow !== undefined) onFollow(opening, send, number);
    });
  });
  return { over: webSocket({ baseUrl: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}` }), sockets };
}

async function namesOf(over: FollowTransport, fileName: string): Promise<readonly string[]> {
  const names: string[] = [];
  const backoff = { initialMs: 1, maxMs: 20 };
  for await (const { message } of follow(StreamService.method.follow, { fileName }, { over, backoff }))
    names.push(message.fileName);
  return names;
}

test("a socket without heartbeats for two intervals is replaced by another", async () => {
  const tokens: unknown[] = [];
  const { over } = await serve(({ id, resume }, send) => {
    tokens.push(resume);
    send({ id, opened: true });
    send(tokens.length === 1 ? { id, item: { fileName: "a" }, token: "t1" } : { id, end: true });
  });
  expect(await namesOf(over, "what")).toEqual(["a"]);
  expect(tokens).toEqual([undefined, "t1"]);
});

test("a silent socket moves all its follows to one new socket, including one that has just started", async () => {
  const resumed: string[] = [];
  const { over, sockets } = await serve(({ id, request, resume }, send, socket) => {
    const name = request?.fileName ?? "";
    if (socket === 1 && name === "late") return; // it is dead by now
    if (socket === 1 && resume !== undefined) return;
    send({ beat: socket === 1 ? SHORT : LONG });
    send({ id, opened: true });
    if (socket === 1) send({ id, item: { fileName: `${name}1` }, token: name });
    else {
      resumed.push(`${name} from ${resume}`);
      if (resumed.length === 2) for (const id of [1, 2]) send({ id, end: true });
    }
  });
  const early = follow(StreamService.method.follow, { fileName: "early" }, { over })[Symbol.asyncIterator]();
  expect((await early.next()).value?.message.fileName).toBe("early1");
  const late = namesOf(over, "late");
  expect(await early.next()).toEqual({ done: true, value: undefined });
  expect(await late).toEqual([]);
  expect(resumed.toSorted()).toEqual(["early from early", "late from undefined"]);
  expect(sockets.length).toBe(2);
});

test("a socket lives as long as its heartbeats arrive, and no longer", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const sockets: FakeSocket[] = [];
  class FakeSocket extends EventTarget {
    closed = false;
    constructor() {
      super();
      sockets.push(this);
      queueMicrotask(() => this.dispatchEvent(new Event("open")));
    }
    send(): void {}
    close(): void {
      this.closed = true;
    }
    receive(message: object): void {
      this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
    }
  }
  const over = webSocket({ baseUrl: "http://bff", WebSocket: FakeSocket as unknown as typeof globalThis.WebSocket });
  const followed = follow(StreamService.method.follow, {}, { over, attempts: 1 })[Symbol.asyncIterator]();
  const next = followed.next();
  next.catch(() => {});
  await vi.advanceTimersByTimeAsync(29_000);
  sockets[0]?.receive({ beat: 1000 });
  sockets[0]?.receive({ id: 1, opened: true });
  for (let i = 0; i < 10; i++) {
    await vi.advanceTimersByTimeAsync(2400);
    sockets[0]?.receive({ beat: 1000 });
  }
  await vi.advanceTimersByTimeAsync(2499);
  expect(sockets.map(({ closed }) => closed)).toEqual([false]);
  await vi.advanceTimersByTimeAsync(1);
  await expect(next).rejects.toMatchObject({ name: "Lost", message: "nothing has come for 2500 ms" });
  expect(sockets.map(({ closed }) => closed)).toEqual([true]);
});

test.each(["not JSON", "null", '"text"'])("an invalid message ends each follow with INTERNAL: %s", async (text) => {
  const { over, sockets } = await serve(() => sockets[0]?.send(text), LONG);
  const ends = await Promise.allSettled(["a", "b"].map((name) => namesOf(over, name)));
  for (const end of ends) {
    expect(end).toMatchObject({ status: "rejected", reason: { code: Code.Internal } });
    expect((end as PromiseRejectedResult).reason).toBeInstanceOf(ConnectError);
  }
});

test("a header that a WebSocket cannot send is an error", async () => {
  const { over, sockets } = await serve(() => {});
  const headers = () => ({ authorization: "Bearer 1", "x-user": "ann" });
  const all = follow(StreamService.method.follow, { fileName: "a" }, { over, headers });
  await expect(all[Symbol.asyncIterator]().next()).rejects.toThrow(
    new ConnectError("a WebSocket sends only authorization, and not x-user", Code.InvalidArgument),
  );
  expect(sockets).toEqual([]);
});

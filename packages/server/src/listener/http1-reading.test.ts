// Holds docs/runtime.md#server
import { once } from "node:events";
import * as http from "node:http";
import * as net from "node:net";
import { transition } from "@protobff/runtime/internal/states";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { illegalTransitions, untakenTransitions } from "../../../../test/support/setup/checked-states.ts";
import type { Handler } from "../carrier/handler.ts";
import { PendingBytes } from "../requests/pending-bytes.ts";
import { closing } from "../testing/connection-close.ts";
import { Http1Readings, READING_TRANSITIONS } from "./http1-reading.ts";
import { Listener } from "./listener.ts";

afterEach(() => void vi.useRealTimers());

async function listening(handler: Handler, faults: string[] = []): Promise<Listener> {
  const times = { handshakeTimeoutMs: 60_000, requestTimeoutMs: 300_000, idleMs: 300_000, maxConnectionAgeMs: 0 };
  const limits = { maxStreams: 250, maxBytes: 4 << 20, pending: new PendingBytes(128 << 20) };
  const fault = (what: string) => faults.push(what);
  const listener = await Listener.open(handler, { host: "127.0.0.1", port: 0, ...times, ...limits, fault });
  onTestFinished(() => listener.drain(0, () => {}));
  return listener;
}

/** A bare connection, and the text that it has received until it was closed. */
function dial(port: number) {
  const socket = net.connect(port, "127.0.0.1").setEncoding("latin1");
  let received = "";
  socket.on("data", (text: string) => {
    received += text;
  });
  return { socket, closed: closing(socket).then(() => received) };
}
const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));

/** Answers with the number of bytes of a body, once it has come whole. */
const counting: Handler = (request, response) => {
  let bytes = 0;
  request.on("data", (piece: Buffer) => {
    bytes += piece.length;
  });
  request.on("end", () => response.end(String(bytes)));
};
const chunked = (count: number, bytes: number): string =>
  `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${`${bytes.toString(16)}\r\n${"x".repeat(bytes)}\r\n`.repeat(count)}0\r\n\r\n`;
const LAST = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

describe("a body in chunks", () => {
  test.each([
    [500, 1],
    [9_000, 1],
    [12_000, 100],
  ])("a body of a normal client is read: %i of %i bytes", async (count, bytes) => {
    const { port } = await listening(counting);
    const { socket, closed } = dial(port);
    socket.write(chunked(count, bytes) + LAST);
    const text = await closed;
    expect(statuses(text)).toEqual([200, 200]);
    expect(text).toContain(`\r\n\r\n${count * bytes}HTTP/1.1`);
  });

  test("a body of 12,000 one-byte chunks closes its connection, and no other", async () => {
    const faults: string[] = [];
    const { port } = await listening(counting, faults);
    const normal = new http.Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => normal.destroy());
    const answers = async () => {
      const request = http.get({ port, agent: normal });
      const [response] = (await once(request, "response")) as [http.IncomingMessage];
      const { localPort } = response.socket;
      await response.toArray();
      return localPort;
    };
    const before = await answers();
    const attackers = [1, 2, 3].map(() => dial(port));
    for (const { socket } of attackers) socket.write(chunked(12_000, 1) + LAST);
    expect(await Promise.all(attackers.map(({ closed }) => closed))).toEqual(["", "", ""]);
    expect(await answers()).toBe(before);
    expect(faults).toEqual(["closed a client's connection: a request came in more than 10000 pieces below 64 bytes"]);
  });
});

/** A request that takes 1 ms of a clock that only such requests move. */
function slowly(): { readonly handler: Handler; readonly order: string[] } {
  vi.useFakeTimers({ toFake: ["performance"] });
  const order: string[] = [];
  const handler: Handler = (request, response) => {
    order.push(request.url ?? "");
    vi.advanceTimersByTime(1);
    response.end();
  };
  return { handler, order };
}
const many = (count: number): string => `GET /many HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(count);

describe("requests in one segment", () => {
  test("pipelined requests are all answered, interleaved with other connections", async () => {
    const { handler, order } = slowly();
    const { port } = await listening(handler);
    const [first, second] = [dial(port), dial(port)];
    await Promise.all([once(first.socket, "connect"), once(second.socket, "connect")]);
    first.socket.write(many(1_000) + LAST);
    second.socket.write(many(1) + LAST);
    expect(statuses(await second.closed)).toHaveLength(2);
    expect(order.length).toBeLessThan(500);
    expect(statuses(await first.closed)).toHaveLength(1_001);
  });

  test("waiting pipelined requests are limited over all connections, and the largest connection is closed", async () => {
    const { handler } = slowly();
    const server = http.createServer(handler);
    const calmed: string[] = [];
    const bounds = { all: 30_000, perConnection: 100_000 };
    const readings = new Http1Readings(server, 250, (why) => calmed.push(why), bounds);
    const port = net.createServer((socket) => readings.begin(socket)).listen(0, "127.0.0.1");
    onTestFinished(() => void port.close());
    await once(port, "listening");
    const dialled = () => dial((port.address() as net.AddressInfo).port);
    const [normal, heavy] = [dialled(), dialled()];
    await Promise.all([once(normal.socket, "connect"), once(heavy.socket, "connect")]);
    normal.socket.write(many(100) + LAST);
    heavy.socket.write(many(2_000) + LAST);
    expect(statuses(await heavy.closed).length).toBeLessThan(2_001);
    expect(statuses(await normal.closed)).toHaveLength(101);
    expect(calmed).toEqual([expect.stringContaining("and this one the most")]);
  });
});

describe("a request with an unsupported upgrade", () => {
  const offer = "GET /offer HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n";
  const ok: Handler = (request, response) => response.end(request.url ?? "");
  const withBody = offer.replace("GET", "POST").replace("\r\n\r\n", "\r\nContent-Length: 3\r\n\r\nabc");

  test("the request and its successor are answered", async () => {
    const { port } = await listening(ok);
    const { socket, closed } = dial(port);
    socket.write(offer);
    await once(socket, "data");
    socket.write(LAST);
    expect(statuses(await closed)).toEqual([200, 200]);
  });

  test.each([
    ["a request behind it", offer + LAST],
    ["a request before it", many(1) + offer + LAST],
    ["a request behind a body", withBody + LAST],
    ["one like it before it", `GET /offer HTTP/1.1\r\nHost: a\r\n\r\n${offer}${LAST}`],
  ])("the connection ends if Node's parser drops %s in the same segment", async (_, text) => {
    const { port } = await listening(ok);
    const { socket, closed } = dial(port);
    socket.write(text);
    const received = await closed;
    expect(received.match(/Connection: close/gi)).toHaveLength(1);
    expect(received).toMatch(/\/offer$/);
    expect(received).not.toContain("/last");
  });

  test.each([
    ["behind the head", withBody.length - 3],
    ["in the body", withBody.length - 1],
  ])("a request with a body and a segment that ends %s is followed by others", async (_, at) => {
    const came = Promise.withResolvers<void>();
    const { port } = await listening((request, response) => {
      came.resolve();
      counting(request, response);
    });
    const { socket, closed } = dial(port);
    socket.write(withBody.slice(0, at));
    await came.promise;
    socket.write(withBody.slice(at) + LAST);
    const received = await closed;
    expect(received).toContain("\r\n\r\n3HTTP/1.1 200");
  });
});

test("each legal transition is taken, and each other one throws", async () => {
  const { port } = await listening(counting);
  const taken = async (): Promise<void> => {
    const half = dial(port);
    half.socket.end(chunked(1, 1));
    await half.closed;
    const refused = dial(port);
    refused.socket.write(chunked(12_000, 1));
    await refused.closed;
  };
  expect(await untakenTransitions(READING_TRANSITIONS, taken)).toEqual([]);
  for (const [from, to] of illegalTransitions(READING_TRANSITIONS))
    expect(() => transition(READING_TRANSITIONS, from, to)).toThrow(`illegal transition from ${from} to ${to}`);
});

// Holds docs/runtime.md#upstream-connections
import { once } from "node:events";
import * as http2 from "node:http2";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { Code } from "../../failure.ts";
import { FakeClock, idle } from "../../testing/fake-clock.ts";
import { connected, echo, hold, send, started, until } from "../../testing/grpc-rig.ts";
import type { H2Upstream, Received } from "../../testing/h2-upstream.ts";

describe("streams", () => {
  test("streams beyond the maximum of a connection use another, and wait beyond the last", async () => {
    const upstream = await started(hold, { settings: { maxConcurrentStreams: 2 } });
    const client = connected(upstream.url, { maxConnections: 3 });
    const sent = Array.from({ length: 8 }, (_, i) => send(client, `m${i}`));
    await until(() => upstream.received.length === 6);
    expect(upstream.sessions.length).toBe(3);
    await idle();
    expect(upstream.received.length).toBe(6);
    upstream.answer = echo;
    for (const received of upstream.received.slice()) echo(received);
    const outcomes = await Promise.all(sent.map(({ outcome }) => outcome));
    expect(outcomes).toEqual(sent.map((_, i) => ({ message: `m${i}` })));
    expect(upstream.sessions.length).toBe(3);
  });
  test("waiting streams are sent in order when places are free, and cancelled ones never", async () => {
    const upstream = await started(hold, { settings: { maxConcurrentStreams: 1 } });
    const client = connected(upstream.url, { maxConnections: 1 });
    const [, second] = ["a", "b", "c", "d"].map((message) => send(client, message));
    second?.cancel();
    for (const message of ["a", "c", "d"]) {
      const received = await upstream.next();
      expect(received.body.toString()).toBe(message);
      echo(received);
    }
  });
  test("cancelled streams free their place", async () => {
    const upstream = await started(hold, { settings: { maxConcurrentStreams: 1 } });
    const client = connected(upstream.url, { maxConnections: 1 });
    const [first, second] = [send(client, "a"), send(client, "b")];
    await upstream.next();
    first.cancel();
    // Node's own server may still count the one that was cancelled, and refuse: all the same it has gone out.
    const seen = upstream.next().then(({ body }) => body.toString());
    expect(await Promise.race([seen, second.outcome])).toSatisfy(
      (end) => end === "b" || end.fault.message.includes("ENHANCE_YOUR_CALM"),
    );
  });
  test("waiting streams open another connection when theirs is lost", async () => {
    const upstream = await started(hold, { settings: { maxConcurrentStreams: 1 } });
    const client = connected(upstream.url, { maxConnections: 1 });
    const [first, second] = [send(client, "a"), send(client, "b")];
    const { stream } = await upstream.next();
    upstream.answer = echo;
    stream.session?.destroy();
    expect(await first.outcome).toMatchObject({ fault: { kind: "transport", code: Code.UNAVAILABLE } });
    expect(await second.outcome).toEqual({ message: "b" });
    expect(upstream.sessions.length).toBe(2);
  });
  test("waiting streams are refused when the client closes; sent streams may finish", async () => {
    const upstream = await started(hold, { settings: { maxConcurrentStreams: 1 } });
    const client = connected(upstream.url, { maxConnections: 1 });
    const [first, second] = [send(client, "a"), send(client, "b")];
    const received = await upstream.next();
    const closed = client.close();
    const third = send(client, "c");
    for (const { outcome } of [second, third]) expect(await outcome).toMatchObject({ fault: { message: "closed" } });
    echo(received);
    expect(await first.outcome).toEqual({ message: "a" });
    await closed;
    expect(upstream.received).toEqual([]);
  });
  test("later settings may raise the number of streams", async () => {
    const upstream = await started(hold, { settings: { maxConcurrentStreams: 1 } });
    const client = connected(upstream.url, { maxConnections: 1 });
    send(client, "a");
    send(client, "b");
    const { stream } = await upstream.next();
    (stream.session as http2.ServerHttp2Session).settings({ maxConcurrentStreams: 2 });
    expect((await upstream.next()).body.toString()).toBe("b");
  });
});

test("connections for a brief peak are closed again", async () => {
  const clock = new FakeClock();
  const upstream = await started(hold, { settings: { maxConcurrentStreams: 1 } });
  const client = connected(upstream.url, { clock });
  const sent = ["a", "b", "c"].map((message) => send(client, message));
  await until(() => upstream.received.length === 3);
  for (const received of upstream.received.splice(0)) echo(received);
  await Promise.all(sent.map(({ outcome }) => outcome));
  await clock.advance(20_000);
  expect(upstream.connections).toBe(3); // just used
  await clock.advance(20_000);
  await until(() => upstream.connections === 1);
  upstream.answer = echo;
  expect(await send(client, "d").outcome).toEqual({ message: "d" });
  expect(upstream.sessions.length).toBe(3);
  await clock.advance(60_000);
  expect(clock.running).toBe(0);
});

/** An upstream behind a wire that can be cut without a word. */
async function cuttable() {
  const upstream = await started();
  const sockets: Socket[] = [];
  const wire = createServer((socket) => {
    const server = new (socket.constructor as new () => Socket)().connect(upstream.port, "127.0.0.1");
    sockets.push(socket, server);
    socket.pipe(server).pipe(socket);
    socket.on("error", hold);
    server.on("error", hold);
  }).listen(0, "127.0.0.1");
  await once(wire, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    wire.close();
  });
  const cut = (): void => {
    for (const socket of sockets.splice(0)) socket.unpipe().pause();
  };
  return { upstream, url: `http://127.0.0.1:${(wire.address() as AddressInfo).port}`, cut };
}
const pings = (upstream: H2Upstream): { readonly count: number } => {
  const seen = { count: 0 };
  for (const session of upstream.sessions) session.on("ping", () => seen.count++);
  return seen;
};

describe("a silent connection", () => {
  test("a silent connection with calls in flight is pinged, and stays if it answers", async () => {
    const clock = new FakeClock();
    const upstream = await started();
    const client = connected(upstream.url, { clock });
    const { outcome } = send(client);
    const received = await upstream.next();
    const seen = pings(upstream);
    await clock.advance(20_000);
    expect(seen.count).toBe(0);
    await clock.advance(20_000);
    await until(() => seen.count === 1);
    await idle();
    await clock.advance(5_000);
    echo(received);
    expect(await outcome).toEqual({ message: "hello" });
    expect(upstream.sessions.length).toBe(1);
  });
  test("a silent connection without an answer is closed and its calls fail; the next call opens another", async () => {
    const clock = new FakeClock();
    const { upstream, url, cut } = await cuttable();
    const client = connected(url, { clock });
    const { outcome } = send(client);
    await upstream.next();
    cut();
    await clock.advance(40_000);
    await clock.advance(5_000);
    expect(await outcome).toMatchObject({
      fault: { kind: "transport", code: Code.UNAVAILABLE, message: "no sign of life after 5000 ms" },
    });
    upstream.answer = echo;
    expect(await send(client).outcome).toEqual({ message: "hello" });
  });
  test("consecutive abandoned calls also reveal a dead connection", async () => {
    const clock = new FakeClock();
    const { upstream, url, cut } = await cuttable();
    const client = connected(url, { clock });
    const giveUp = async (): Promise<void> => {
      const { cancel } = send(client);
      await idle();
      cancel();
      await idle();
    };
    const first = send(client);
    await upstream.next();
    cut();
    first.cancel();
    await clock.advance(19_999);
    await giveUp();
    await clock.advance(5_001);
    await giveUp(); // for 25 s nothing has come, and now somebody asks
    await clock.advance(5_000);
    upstream.answer = echo;
    expect(await send(client).outcome).toEqual({ message: "hello" });
    expect(upstream.sessions.length).toBe(2);
  });
  test("a connection without calls is not pinged", async () => {
    const clock = new FakeClock();
    const upstream = await started(echo);
    const client = connected(upstream.url, { clock });
    await send(client).outcome;
    const seen = pings(upstream);
    await clock.advance(600_000);
    await idle();
    expect(seen.count).toBe(0);
    expect(clock.running).toBe(0);
  });
  test("a connection whose last call was cancelled is not pinged", async () => {
    const clock = new FakeClock();
    const upstream = await started();
    const client = connected(upstream.url, { clock });
    const { cancel } = send(client);
    await upstream.next();
    await clock.advance(20_000);
    const seen = pings(upstream);
    cancel();
    await clock.advance(60_000);
    await idle();
    expect(seen.count).toBe(0);
  });
  test("a connection is pinged half as often if the upstream complains", async () => {
    const clock = new FakeClock();
    const upstream = await started();
    const client = connected(upstream.url, { clock });
    send(client);
    const { stream } = await upstream.next();
    stream.session?.goaway(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM, 1, Buffer.from("too_many_pings"));
    await until(() => upstream.connections === 0);
    await clock.advance(20_000); // what was begun ends
    send(client);
    await upstream.next();
    const seen = pings(upstream);
    await clock.advance(40_000);
    await clock.advance(39_999);
    await idle();
    expect(seen.count).toBe(0);
    await clock.advance(1);
    await until(() => seen.count === 1);
  });
});

test("ten thousand lost connections leave no timer, socket or memory behind", async () => {
  const count = Number(process.env.RECONNECTS ?? 10_000);
  const clock = new FakeClock(); // holds timers only
  const sockets = (): number => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
  const ends: ((received: Received) => void)[] = [
    (received) => {
      echo(received);
      (received.stream.session as http2.ServerHttp2Session).close();
    },
    ({ stream }) => stream.session?.destroy(),
    ({ stream }) => stream.session?.goaway(http2.constants.NGHTTP2_INTERNAL_ERROR, 0),
  ];
  let made = 0;
  const upstream = await started((received) => ends[made++ % ends.length]?.(received));
  const client = connected(upstream.url, { clock });
  const before = sockets();
  for (let i = 0; i < count; i++) {
    await send(client).outcome;
    await until(() => upstream.connections === 0);
    upstream.received.splice(0);
    upstream.sessions.splice(0);
  }
  expect(made).toBe(count);
  await until(() => sockets() <= before);
  upstream.answer = echo;
  expect(await send(client).outcome).toEqual({ message: "hello" });
  expect(upstream.connections).toBe(1);
  await clock.advance(60_000);
  expect(clock.running).toBe(0);
}, 120_000);

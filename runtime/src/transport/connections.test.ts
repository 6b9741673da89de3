import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import * as http2 from "node:http2";
import { type AddressInfo, createServer, type LookupFunction, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Code } from "../failure.ts";
import { FakeClock, idle } from "../testing/fake-clock.ts";
import { H2Upstream, type H2UpstreamOptions, type Received, reply } from "../testing/h2-upstream.ts";
import { testedHttp2 } from "../testing/tested-http2.ts";
import { frame } from "./frame.ts";
import { GrpcClient, type GrpcClientOptions } from "./grpc-client.ts";
import type { Fault } from "./unary-client.ts";

const echo = (received: Received): void => reply(received, received.body);
const hold = (): void => {};

async function started(
  answer: (received: Received) => void = hold,
  options: H2UpstreamOptions = {},
  port = 0,
): Promise<H2Upstream> {
  const upstream = new H2Upstream(answer, options);
  upstream.port = port;
  await upstream.start();
  onTestFinished(() => upstream.stop());
  return upstream;
}
function connected(url: string, options: GrpcClientOptions = {}): GrpcClient {
  const client = new GrpcClient(url, { http2: testedHttp2(), ...options });
  onTestFinished(() => void client.close()); // what is in flight ends with the upstream
  return client;
}

type Outcome = { message: string } | { fault: Fault };
function send(client: GrpcClient, message = "hello", timeoutMs = 60_000) {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const inFlight = client.send("/a.B/C", frame(Buffer.from(message)), timeoutMs, undefined, 1, {
    replied: (bytes) => resolve({ message: Buffer.from(bytes).toString() }),
    faulted: (fault) => resolve({ fault }),
  });
  return { outcome: promise, cancel: () => inFlight.cancel() };
}
/** Waits for what only sockets can bring. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
const bodies = (upstream: H2Upstream): string[] => upstream.received.map(({ body }) => body.toString());

describe("streams", () => {
  test("beyond what one connection allows get another one, and wait beyond the last", async () => {
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
  test("that wait go out in order, as soon as there is room; one that was cancelled never does", async () => {
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
  test("that are cancelled make room", async () => {
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
  test("wait for a connection of their own when the one they wait for is lost", async () => {
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
  test("that wait are refused when the client is closed; what is out may end", async () => {
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
  test("may be as many as the settings say later", async () => {
    const upstream = await started(hold, { settings: { maxConcurrentStreams: 1 } });
    const client = connected(upstream.url, { maxConnections: 1 });
    send(client, "a");
    send(client, "b");
    const { stream } = await upstream.next();
    (stream.session as http2.ServerHttp2Session).settings({ maxConcurrentStreams: 2 });
    expect((await upstream.next()).body.toString()).toBe("b");
  });
});

test("connections that were needed for a moment are closed", async () => {
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
  test("with calls in flight is asked for a sign of life; one that gives it stays", async () => {
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
  test("that gives none is given up, and its calls fail; the next has a new one", async () => {
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
  test("on which calls are given up one after the other is noticed, too", async () => {
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
  test("without calls is left alone", async () => {
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
  test("whose last call was given up is not asked", async () => {
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
  test("is asked half as often when the upstream finds it too often", async () => {
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

describe("connecting", () => {
  /** A port whose connections become HTTP/2 only when they are let in. */
  async function doorway() {
    const upstream = http2.createServer();
    const received: http2.IncomingHttpHeaders[] = [];
    upstream.on("stream", (stream, headers) => {
      received.push(headers);
      stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "5" }, { endStream: true });
    });
    const waiting: Socket[] = [];
    const door = createServer((socket) => waiting.push(socket.on("error", hold))).listen(0, "127.0.0.1");
    await once(door, "listening");
    onTestFinished(() => {
      for (const socket of waiting) socket.destroy();
      door.close();
    });
    const url = `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
    const letIn = (): void => waiting.forEach((socket) => void upstream.emit("connection", socket));
    return { url, received, waiting, letIn };
  }
  test("uses up the call's own time: the upstream is told what is left", async () => {
    const clock = new FakeClock();
    const { url, received, waiting, letIn } = await doorway();
    const client = connected(url, { clock });
    const { outcome } = send(client, "hello", 1_000);
    await until(() => waiting.length === 1);
    await clock.advance(300);
    letIn();
    expect(await outcome).toMatchObject({ fault: { kind: "status", code: Code.NOT_FOUND } });
    expect(received.map((headers) => headers["grpc-timeout"])).toEqual(["700m"]);
  });
  test("that takes longer than a call has leaves it unsent", async () => {
    const clock = new FakeClock();
    const { url, received, waiting, letIn } = await doorway();
    const client = connected(url, { clock });
    const { outcome } = send(client, "hello", 1_000);
    await until(() => waiting.length === 1);
    await clock.advance(1_000);
    letIn();
    expect(await outcome).toMatchObject({ fault: { kind: "status", code: Code.DEADLINE_EXCEEDED } });
    expect(received).toEqual([]);
  });
  test("ends after 5 s, also when somebody is there who speaks no HTTP/2", async () => {
    const clock = new FakeClock();
    const { url, waiting } = await doorway();
    const client = connected(url, { clock });
    const { outcome } = send(client);
    await until(() => waiting.length === 1);
    await clock.advance(4_999);
    expect(await Promise.race([outcome, "waits"])).toBe("waits");
    await clock.advance(1);
    expect(await outcome).toMatchObject({
      fault: { kind: "transport", code: Code.UNAVAILABLE, message: "not connected after 5000 ms" },
    });
  });
  test("to one that closes at once is not repeated before its time", async () => {
    const clock = new FakeClock();
    const { url, waiting } = await doorway();
    const client = connected(url, { clock });
    const first = send(client);
    await until(() => waiting.length === 1);
    waiting[0]?.destroy();
    expect(await first.outcome).toMatchObject({ fault: { kind: "transport", code: Code.UNAVAILABLE } });
    expect(await send(client).outcome).toMatchObject({
      fault: { message: expect.stringMatching(/^not connected again yet/) },
    });
    await clock.advance(25); // the clock's dice always show the middle of 50 ms
    send(client);
    await until(() => waiting.length === 2);
  });
});

describe("a name", () => {
  /** Two servers that share a port, and a resolver that tells of them. */
  async function named(found: () => readonly string[], settings: http2.Settings = {}) {
    const one = await started(echo, { settings });
    const two = await started(echo, { host: "127.0.0.2", settings }, one.port);
    let asked = 0;
    const lookup: LookupFunction = (host, _, done) => {
      asked++;
      expect(host).toBe("upstream.example");
      const addresses = found().map((address) => ({ address, family: 4 }));
      if (addresses.length > 0) done(null, addresses);
      else done(Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" }), []);
    };
    const url = `http://upstream.example:${one.port}`;
    return { one, two, url, lookup, asked: () => asked };
  }
  test("with several addresses is spread over them, connection by connection", async () => {
    const { one, two, url, lookup } = await named(() => ["127.0.0.1", "127.0.0.2"], { maxConcurrentStreams: 1 });
    one.answer = hold;
    two.answer = hold;
    const client = connected(url, { lookup, maxConnections: 4 });
    for (let i = 0; i < 4; i++) send(client);
    await until(() => one.received.length + two.received.length === 4);
    expect([one.connections, two.connections]).toEqual([2, 2]);
  });
  test("is resolved again when the connection is lost", async () => {
    let addresses = ["127.0.0.1"];
    const { one, two, url, lookup, asked } = await named(() => addresses);
    const client = connected(url, { lookup });
    for (let i = 0; i < 3; i++) await send(client, `a${i}`).outcome;
    expect(asked()).toBe(1);
    addresses = ["127.0.0.2"];
    one.sessions[0]?.close();
    await until(() => one.connections === 0);
    expect(await send(client, "b").outcome).toEqual({ message: "b" });
    expect([bodies(one), bodies(two), asked()]).toEqual([["a0", "a1", "a2"], ["b"], 2]);
  });
  test("of which one address is dead still connects", async () => {
    const { two, url, lookup } = await named(() => ["127.0.0.3", "127.0.0.2"]);
    const client = connected(url, { lookup });
    expect(await send(client).outcome).toEqual({ message: "hello" });
    expect(two.connections).toBe(1);
  });
  test("whose addresses are all dead, or that has none, is UNAVAILABLE", async () => {
    let addresses = ["127.0.0.3", "127.0.0.4"];
    const { url, lookup } = await named(() => addresses);
    const refused = await send(connected(url, { lookup })).outcome;
    expect(refused).toMatchObject({ fault: { kind: "transport", code: Code.UNAVAILABLE } });
    expect(refused).toMatchObject({ fault: { message: expect.stringContaining("127.0.0.4") } });
    addresses = [];
    expect(await send(connected(url, { lookup })).outcome).toMatchObject({
      fault: { kind: "transport", code: Code.UNAVAILABLE, message: "getaddrinfo ENOTFOUND" },
    });
  });
});

describe("TLS", () => {
  let folder: string;
  let ours: { cert: Buffer; key: Buffer };
  let theirs: { cert: Buffer; key: Buffer };
  const certificate = (name: string, ...more: string[]): { cert: Buffer; key: Buffer } => {
    const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
    const what = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    execFileSync("openssl", [...what, "-subj", `/CN=${name}`, ...more, "-keyout", key, "-out", cert], {
      stdio: "ignore",
    });
    return { cert: readFileSync(cert), key: readFileSync(key) };
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "bff-tls-"));
    theirs = certificate("upstream", "-addext", "subjectAltName=IP:127.0.0.1,DNS:upstream.example");
    ours = certificate("bff");
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("verifies the upstream against `ca`, and against nothing else", async () => {
    const upstream = await started(echo, { tls: theirs });
    expect(await send(connected(upstream.url, { ca: theirs.cert })).outcome).toEqual({ message: "hello" });
    for (const ca of [undefined, ours.cert]) {
      expect(await send(connected(upstream.url, { ca })).outcome).toMatchObject({
        fault: { kind: "transport", code: Code.UNAVAILABLE, message: expect.stringContaining("self-signed") },
      });
    }
  });
  test("is refused at once with certificates that make no sense", () => {
    expect(() => new GrpcClient("https://127.0.0.1", { cert: "x", key: "y" })).toThrow();
    expect(() => new GrpcClient("https://127.0.0.1", { cert: ours.cert, key: theirs.key })).toThrow();
    expect(() => new GrpcClient("ftp://127.0.0.1")).toThrow("neither http nor https");
  });
  test("verifies the name that was resolved", async () => {
    const upstream = await started(echo, { tls: theirs });
    const lookup: LookupFunction = (_, __, done) => done(null, [{ address: "127.0.0.1", family: 4 }]);
    const at = (name: string) => connected(`https://${name}:${upstream.port}`, { ca: theirs.cert, lookup });
    expect(await send(at("upstream.example")).outcome).toEqual({ message: "hello" });
    expect(await send(at("other.example")).outcome).toMatchObject({
      fault: { code: Code.UNAVAILABLE, message: expect.stringContaining("does not match") },
    });
  });
  test("shows a certificate to an upstream that asks for one", async () => {
    const tls = { ...theirs, ca: ours.cert, requestCert: true, rejectUnauthorized: true };
    const upstream = await started(echo, { tls });
    const ca = theirs.cert;
    expect(await send(connected(upstream.url, { ca, ...ours })).outcome).toEqual({ message: "hello" });
    const refused = { fault: { kind: "transport", code: Code.UNAVAILABLE } };
    expect(await send(connected(upstream.url, { ca })).outcome).toMatchObject(refused);
    expect(await send(connected(upstream.url, { ca, ...theirs })).outcome).toMatchObject(refused);
    expect(bodies(upstream)).toEqual(["hello"]);
  });
  test("to a port that speaks none, and none to one that does, is UNAVAILABLE", async () => {
    const plain = await started(echo);
    const secure = await started(echo, { tls: theirs });
    const refused = { fault: { kind: "transport", code: Code.UNAVAILABLE } };
    expect(await send(connected(plain.url.replace("http:", "https:"))).outcome).toMatchObject(refused);
    expect(await send(connected(secure.url.replace("https:", "http:"))).outcome).toMatchObject(refused);
  });
});

test("ten thousand lost connections leave nothing behind", async () => {
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

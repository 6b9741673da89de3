// Holds docs/runtime.md#upstream-connections
import { execFileSync } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { lookup } from "node:dns";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import * as http2 from "node:http2";
import { type AddressInfo, createServer, type LookupFunction, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Code } from "../../failure.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { bodies, connected, echo, hold, send, started, until } from "../../testing/grpc-rig.ts";
import { testedHttp2 } from "../../testing/tested-http2.ts";
import { GrpcClient } from "./grpc-client.ts";
import { H2Session } from "./h2-session.ts";

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
  test("connecting uses the call's timeout, and the upstream receives the rest", async () => {
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
  test("a connection slower than a call's timeout leaves the call unsent", async () => {
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
  test("a connection of Node that is destroyed in the turn in which it opens ends, and not the process", async () => {
    const { url } = await doorway();
    const ended = Promise.withResolvers<string>();
    const leave = (message: unknown): void => {
      const { socket } = message as { readonly socket: Socket };
      // Node emits the session's event later in this turn.
      socket.once("connect", () => process.nextTick(() => session.destroy(new Error("left"))));
    };
    subscribe("net.client.socket", leave);
    const owner = { ready: hold, room: hold, leaving: hold, gone: (_: unknown, text: string) => ended.resolve(text) };
    const target = { scheme: "http" as const, authority: url.slice("http://".length), prefix: "" };
    const session = new H2Session({ url: new URL(url), lookup }, target, owner);
    unsubscribe("net.client.socket", leave);
    expect(await ended.promise).toContain("left");
  });
  test("a server without HTTP/2 fails the call, and the message guesses its protocol", async () => {
    const server = createServer((socket) => socket.on("error", hold).write("SSH-2.0-OpenSSH_9.9\r\n")).listen(
      0,
      "127.0.0.1",
    );
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const { outcome } = send(connected(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
    const begins = testedHttp2() === "own" ? ': it begins with "SSH-2.0-OpenSSH_"' : "";
    expect(await outcome).toMatchObject({
      fault: { kind: "transport", code: Code.UNAVAILABLE, message: `the server does not support HTTP/2${begins}` },
    });
  });
  test("connecting ends after 5 s, even if the server does not use HTTP/2", async () => {
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
  test("a connection that closes at once is retried only after the backoff", async () => {
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

describe("a host name", () => {
  /** Two servers that share a port, and a resolver that tells of them. */
  async function named(found: () => readonly string[], settings: http2.Settings = {}) {
    const first = await started(echo, { settings });
    const second = await started(echo, { host: "127.0.0.2", settings }, first.port);
    let lookupCount = 0;
    const lookup: LookupFunction = (host, _, done) => {
      lookupCount++;
      expect(host).toBe("upstream.example");
      const addresses = found().map((address) => ({ address, family: 4 }));
      if (addresses.length > 0) done(null, addresses);
      else done(Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" }), []);
    };
    const url = `http://upstream.example:${first.port}`;
    return { first, second, url, lookup, lookupCount: () => lookupCount };
  }
  test("a name with several addresses is spread over them, one connection after another", async () => {
    const { first, second, url, lookup } = await named(() => ["127.0.0.1", "127.0.0.2"], { maxConcurrentStreams: 1 });
    first.answer = hold;
    second.answer = hold;
    const client = connected(url, { lookup, maxConnections: 4 });
    for (let i = 0; i < 4; i++) send(client);
    await until(() => first.received.length + second.received.length === 4);
    expect([first.connections, second.connections]).toEqual([2, 2]);
  });
  test("a name is resolved again after a lost connection", async () => {
    let addresses = ["127.0.0.1"];
    const { first, second, url, lookup, lookupCount } = await named(() => addresses);
    const client = connected(url, { lookup });
    for (let i = 0; i < 3; i++) await send(client, `a${i}`).outcome;
    expect(lookupCount()).toBe(1);
    addresses = ["127.0.0.2"];
    first.sessions[0]?.close();
    await until(() => first.connections === 0);
    expect(await send(client, "b").outcome).toEqual({ message: "b" });
    expect([bodies(first), bodies(second), lookupCount()]).toEqual([["a0", "a1", "a2"], ["b"], 2]);
  });
  test("a name with one dead address still connects", async () => {
    const { second, url, lookup } = await named(() => ["127.0.0.3", "127.0.0.2"]);
    const client = connected(url, { lookup });
    expect(await send(client).outcome).toEqual({ message: "hello" });
    expect(second.connections).toBe(1);
  });
  test("a name without a reachable address is UNAVAILABLE", async () => {
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

  test("TLS verifies the upstream with `ca` only", async () => {
    const upstream = await started(echo, { tls: theirs });
    expect(await send(connected(upstream.url, { ca: theirs.cert })).outcome).toEqual({ message: "hello" });
    for (const ca of [undefined, ours.cert]) {
      expect(await send(connected(upstream.url, { ca })).outcome).toMatchObject({
        fault: { kind: "transport", code: Code.UNAVAILABLE, message: expect.stringContaining("self-signed") },
      });
    }
  });
  test("malformed certificates are refused at once", () => {
    expect(() => new GrpcClient("https://127.0.0.1", { cert: "x", key: "y" })).toThrow();
    expect(() => new GrpcClient("https://127.0.0.1", { cert: ours.cert, key: theirs.key })).toThrow();
    expect(() => new GrpcClient("ftp://127.0.0.1")).toThrow("neither http nor https");
  });
  test("TLS verifies the resolved name", async () => {
    const upstream = await started(echo, { tls: theirs });
    const lookup: LookupFunction = (_, __, done) => done(null, [{ address: "127.0.0.1", family: 4 }]);
    const at = (name: string) => connected(`https://${name}:${upstream.port}`, { ca: theirs.cert, lookup });
    expect(await send(at("upstream.example")).outcome).toEqual({ message: "hello" });
    expect(await send(at("other.example")).outcome).toMatchObject({
      fault: { code: Code.UNAVAILABLE, message: expect.stringContaining("does not match") },
    });
  });
  test("TLS presents a certificate to an upstream that requests one", async () => {
    const tls = { ...theirs, ca: ours.cert, requestCert: true, rejectUnauthorized: true };
    const upstream = await started(echo, { tls });
    const ca = theirs.cert;
    expect(await send(connected(upstream.url, { ca, ...ours })).outcome).toEqual({ message: "hello" });
    const refused = { fault: { kind: "transport", code: Code.UNAVAILABLE } };
    expect(await send(connected(upstream.url, { ca })).outcome).toMatchObject({
      fault: { ...refused.fault, message: "TLS: tlsv13 alert certificate required (it wants a client certificate)" },
    });
    expect(await send(connected(upstream.url, { ca, ...theirs })).outcome).toMatchObject(refused);
    expect(bodies(upstream)).toEqual(["hello"]);
  });
  test("TLS to a plain port, and plain text to a TLS port, are UNAVAILABLE", async () => {
    const plain = await started(echo);
    const secure = await started(echo, { tls: theirs });
    const refused = (message: string) => ({ fault: { kind: "transport", code: Code.UNAVAILABLE, message } });
    expect(await send(connected(plain.url.replace("http:", "https:"))).outcome).toMatchObject(
      refused("TLS: wrong version number (is there TLS at this port?)"),
    );
    expect(await send(connected(secure.url.replace("https:", "http:"))).outcome).toMatchObject(
      refused("the connection was closed before HTTP/2 began"),
    );
  });
});

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterEach, expect, it, vi } from "vitest";
import { partially, type TestCollector, testCollector } from "../testing/otlp-collector.ts";
import { spanRecord } from "../testing/span-records.ts";
import { type OpenSpans, type OtlpConfig, type OtlpParts, openOtlp } from "./otlp.ts";
import { SpanKind, SpanStatus } from "./span.ts";

const CONFIG: Omit<OtlpConfig, "url"> = {
  headers: {},
  timeoutMs: 5_000,
  gzip: false,
  tls: {},
  resource: {},
  delayMs: 5,
  mostInBatch: 512,
  mostWaiting: 16_384,
};
const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

async function collector(...how: Parameters<typeof testCollector>): Promise<TestCollector> {
  const item = await testCollector(...how);
  ended.push(() => item.close());
  return item;
}
async function sinkTo(
  url: string,
  more: Partial<OtlpConfig> = {},
  parts: OtlpParts = {},
): Promise<{ sink: OpenSpans; faults: string[] }> {
  const faults: string[] = [];
  const fault = (what: string, cause: unknown) => void faults.push(`${what}: ${cause}`);
  const sink = await openOtlp({ ...CONFIG, url: `${url}/v1/traces`, ...more }, { name: "web.v1", fault }, parts);
  ended.push(() => sink.close(0));
  return { sink, faults };
}
const many = (count: number) => Array.from({ length: count }, () => spanRecord());

it("OpenTelemetry's protos decode the spans unchanged", async () => {
  const { url, spans, requests } = await collector();
  const { sink } = await sinkTo(url);
  const full = spanRecord({
    traceState: "vendor=1",
    parentSpanId: "00f067aa0ba902b7",
    flags: 0x301,
    kind: SpanKind.client,
    status: SpanStatus.error,
    message: "broken, größer als erlaubt",
    attributes: [
      ["rpc.method", "user.v1.UserService/GetUser"],
      ["größe", "ü".repeat(300)],
      ["", ""],
      ["whole", 7n],
      ["most", 2n ** 63n - 1n],
      ["least", -(2n ** 63n)],
      ["share", 0.5],
      ["nan", Number.NaN],
      ["yes", true],
      ["no", false],
      ["texts", ["a", "b"]],
      ["numbers", [1n, 2n]],
      ["nothing", []],
    ],
    events: [{ name: "retry", unixNano: 1_795_252_474_123_456_790n, attributes: [["n", 1n]] }],
    links: [
      { traceId: "f".repeat(32), spanId: "e".repeat(16), flags: 1, traceState: "a=b", attributes: [["why", "joined"]] },
    ],
  });
  const least = spanRecord();
  sink.export([full, least]);
  const [first, second] = await spans(2);
  expect(first).toEqual({
    traceId: full.traceId,
    spanId: full.spanId,
    traceState: "vendor=1",
    parentSpanId: "00f067aa0ba902b7",
    flags: 0x301,
    name: full.name,
    kind: 3,
    startTimeUnixNano: "1795252474123456789",
    endTimeUnixNano: "1795252474133456789",
    status: { code: 2, message: "broken, größer als erlaubt" },
    attributes: {
      "rpc.method": "user.v1.UserService/GetUser",
      größe: "ü".repeat(300),
      "": "",
      whole: { intValue: "7" },
      most: { intValue: "9223372036854775807" },
      least: { intValue: "-9223372036854775808" },
      share: { doubleValue: 0.5 },
      nan: { doubleValue: Number.NaN },
      yes: { boolValue: true },
      no: { boolValue: false },
      texts: ["a", "b"],
      numbers: [{ intValue: "1" }, { intValue: "2" }],
      nothing: [],
    },
    events: [{ name: "retry", timeUnixNano: "1795252474123456790", attributes: { n: { intValue: "1" } } }],
    links: [
      expect.objectContaining({
        traceId: "f".repeat(32),
        spanId: "e".repeat(16),
        traceState: "a=b",
        flags: 1,
        attributes: { why: "joined" },
      }),
    ],
  });
  expect(second).toMatchObject({ spanId: least.spanId, kind: 2, flags: 1 });
  expect(second).not.toHaveProperty("parentSpanId");
  expect(second).not.toHaveProperty("status");
  const [{ path, headers, resource, scope }] = requests as [(typeof requests)[0]];
  expect(path).toBe("/v1/traces");
  expect(headers["content-type"]).toBe("application/x-protobuf");
  expect(headers["user-agent"]).toMatch(/^protobff-OTLP-Exporter-JavaScript\/\d/);
  expect(scope).toEqual({ name: "@protobff/runtime", version: expect.stringMatching(/^\d/) });
  expect(resource).toMatchObject({
    "service.name": "web.v1",
    "service.instance.id": expect.stringMatching(/^[\da-f-]{36}$/),
    "process.pid": { intValue: String(process.pid) },
    "telemetry.sdk.name": "protobff",
    "telemetry.sdk.language": "nodejs",
  });
});

it("requests are compressed, with the configured headers and resource", async () => {
  const { url, spans, requests } = await collector();
  const { sink } = await sinkTo(url, {
    gzip: true,
    headers: { authorization: "Bearer x" },
    resource: { "service.name": "shop", "telemetry.sdk.name": "mine", "service.instance.id": "pod-1" },
  });
  sink.export(many(100));
  expect(await spans(100)).toHaveLength(100);
  expect(requests[0]?.headers).toMatchObject({ "content-encoding": "gzip", authorization: "Bearer x" });
  expect(requests[0]?.resource).toMatchObject({
    "service.name": "shop",
    "service.instance.id": "pod-1",
    "telemetry.sdk.name": "protobff",
  });
});

it("full batches are sent at once, and the rest after a delay", async () => {
  const { url, spans, requests } = await collector();
  const { sink } = await sinkTo(url, { mostInBatch: 10 });
  sink.export(many(25));
  await spans(25);
  expect(requests.map((request) => request.spans.length)).toEqual([10, 10, 5]);
  await vi.waitFor(() => expect(sink.counts()).toEqual({ exported: 25, dropped: 0 }));
});

it("waiting spans are sent at the end, and later ones are counted", async () => {
  const { url, requests } = await collector();
  const { sink } = await sinkTo(url, { delayMs: 60_000 });
  sink.export(many(3));
  await sink.close(5_000);
  expect(requests.flatMap((request) => request.spans)).toHaveLength(3);
  sink.export(many(2));
  expect(sink.counts()).toEqual({ exported: 3, dropped: 2 });
});

it("rejected spans are counted, and the collector's message is reported", async () => {
  const { url } = await collector((response) => {
    response.writeHead(200, { "content-type": "application/x-protobuf" }).end(partially(2, "too old"));
  });
  const { sink, faults } = await sinkTo(url);
  sink.export(many(5));
  await vi.waitFor(() => expect(sink.counts()).toEqual({ exported: 3, dropped: 2 }));
  expect(faults).toEqual([`traces: the collector at ${url}/v1/traces: has rejected 2 spans: too old`]);
});

it("the sender presents its certificate, and trusts only the configured authority", async () => {
  const folder = mkdtempSync(join(tmpdir(), "protobff-otlp-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const names = ["-subj", "/CN=collector", "-addext", "subjectAltName=IP:127.0.0.1"];
  const made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  execFileSync("openssl", ["req", "-x509", ...made, ...names, "-keyout", key, "-out", cert], { stdio: "ignore" });
  const pair = { cert: readFileSync(cert), key: readFileSync(key) };
  rmSync(folder, { recursive: true });
  const clients: string[] = [];
  const server = createSecureServer({ ...pair, ca: pair.cert, requestCert: true }, (request, response) => {
    clients.push((request.socket as TLSSocket).getPeerCertificate().subject.CN as string);
    request.resume().on("end", () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ended.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { sink } = await sinkTo(url, { tls: { ca: pair.cert, ...pair } });
  sink.export(many(1));
  await vi.waitFor(() => expect(sink.counts()).toEqual({ exported: 1, dropped: 0 }));
  expect(clients).toEqual(["collector"]);

  const { sink: wary, faults } = await sinkTo(url);
  wary.export(many(1));
  // A failed attempt is reported at once, and not only when the retries have ended.
  await vi.waitFor(() => expect(faults.join()).toContain("self-signed certificate"), 5_000);
  expect(wary.counts()).toEqual({ exported: 0, dropped: 0 });
});

// ---- what a collector may do to a server ----

it("spans for an absent collector are dropped and counted, and closing succeeds in time", async () => {
  const { url, close } = await testCollector();
  await close();
  const { sink, faults } = await sinkTo(url, { mostInBatch: 10, mostWaiting: 100 });
  sink.export(many(1_000));
  expect(sink.counts()).toEqual({ exported: 0, dropped: 900 });
  expect(faults[0]).toBe("traces: spans are dropped: as many wait as may");
  await sink.close(300);
  expect(sink.counts()).toEqual({ exported: 0, dropped: 1_000 });
});

it("the queue is bounded while a collector hangs", async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ended.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { sink } = await sinkTo(url, { mostInBatch: 10, mostWaiting: 50 });
  sink.export(many(200));
  await vi.waitFor(() => expect(sockets).toHaveLength(4));
  expect(sink.counts()).toEqual({ exported: 0, dropped: 150 });
  await sink.close(200);
  expect(sink.counts()).toEqual({ exported: 0, dropped: 200 });
});

it("an answer of 500 is not retried, and later spans are sent", async () => {
  let answers = 0;
  const { url } = await collector((response) => {
    answers++;
    response.writeHead(answers === 1 ? 500 : 200, { "content-type": "text/plain" }).end("no disk left");
  });
  const { sink, faults } = await sinkTo(url, { mostInBatch: 10 });
  sink.export(many(10));
  await vi.waitFor(() => expect(sink.counts()).toEqual({ exported: 0, dropped: 10 }));
  sink.export(many(10));
  await vi.waitFor(() => expect(sink.counts()).toEqual({ exported: 10, dropped: 10 }));
  expect(faults).toEqual([`traces: the collector at ${url}/v1/traces: answers 500: no disk left`]);
});

it("the size of an answer is limited", async () => {
  const open = new Set<NodeJS.Timeout>();
  const { url } = await collector((response) => {
    response.writeHead(200, { "content-type": "application/x-protobuf" });
    const more = setInterval(() => response.write(Buffer.alloc(1 << 20)), 1);
    open.add(more);
    response.on("close", () => clearInterval(more));
  });
  ended.push(async () => open.forEach(clearInterval));
  const { sink, faults } = await sinkTo(url);
  sink.export(many(5));
  await vi.waitFor(() => expect(sink.counts()).toEqual({ exported: 0, dropped: 5 }), 5_000);
  expect(faults).toEqual([`traces: the collector at ${url}/v1/traces: answers 200 with more than 4194304 bytes`]);
});

it("the user and password of the collector's address are not logged", async () => {
  const { url } = await collector((response) => response.writeHead(401).end());
  const { sink, faults } = await sinkTo(url.replace("http://", "http://ada:secret@"), {});
  sink.export(many(1));
  await vi.waitFor(() => expect(sink.counts().dropped).toBe(1));
  expect(faults).toEqual([`traces: the collector at ${url}/v1/traces: answers 401`]);
});

// ---- a thread that ends ----

const threadOf = (code: string) => new URL(`data:text/javascript,${encodeURIComponent(code)}`);

it("a thread that ends is replaced a few times, and its lost spans are counted", async () => {
  const clock = { ...(await import("@protobff/runtime/internal/clock")).systemClock };
  const waits: number[] = [];
  const soon: typeof clock.setTimeout = (run, ms, argument) => {
    waits.push(ms);
    return setTimeout(run, 0, argument);
  };
  const thread = threadOf(`import { parentPort } from "node:worker_threads";
    parentPort.on("message", () => { throw new Error("thread is broken"); });`);
  const { sink, faults } = await sinkTo(
    "http://127.0.0.1:1",
    { mostInBatch: 1 },
    { clock: { ...clock, setTimeout: soon }, thread },
  );
  for (let turn = 1; turn <= 8; turn++) {
    sink.export(many(1));
    await vi.waitFor(() => expect(sink.counts()).toEqual({ exported: 0, dropped: turn }), 5_000);
  }
  const ends = faults.filter((fault) => fault.includes("the thread that sends them has ended"));
  expect(ends).toHaveLength(6);
  expect(ends[0]).toContain("thread is broken");
  expect(ends[5]).toContain("once too often");
  expect(waits.filter((ms) => ms >= 1_000)).toEqual([1_000, 2_000, 3_000, 4_000, 5_000]);
});

it("the queue is bounded while the thread hangs, and closing still succeeds", async () => {
  const thread = threadOf("for (;;) {}");
  const { sink } = await sinkTo("http://127.0.0.1:1", { mostInBatch: 10, mostWaiting: 100 }, { thread });
  sink.export(many(1_000));
  expect(sink.counts()).toEqual({ exported: 0, dropped: 900 });
  await sink.close(100);
  expect(sink.counts()).toEqual({ exported: 0, dropped: 1_000 });
});

it("the queue is bounded in bytes, even with few spans", async () => {
  const thread = threadOf("for (;;) {}");
  const { sink } = await sinkTo("http://127.0.0.1:1", {}, { thread });
  const large = spanRecord({ attributes: [["text", "x".repeat(1 << 20)]] });
  for (let i = 0; i < 100; i++) sink.export([large]);
  expect(sink.counts().dropped).toBe(100 - 32);
});

import { once } from "node:events";
import * as http from "node:http";
import * as net from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Load, ReadyState } from "../overload/load.ts";
import { type AdminOptions, openAdmin } from "./admin.ts";

async function opened(options: Partial<AdminOptions> = {}) {
  const faults: string[] = [];
  const admin = await openAdmin({
    host: "127.0.0.1",
    port: 0,
    metrics: () => "a 1\n",
    state: () => "ready" as const,
    fault: (what) => faults.push(what),
    ...options,
  });
  onTestFinished(() => admin.close());
  const get = (path: string, more: http.RequestOptions = {}) => send(admin.port, path, more);
  return { admin, get, faults };
}

async function send(port: number, path: string, { method = "GET", headers = {} }: http.RequestOptions = {}) {
  const request = http.request({ host: "127.0.0.1", port, path, method, headers, agent: false }).end();
  const [response]: [http.IncomingMessage] = (await once(request, "response")) as [http.IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() };
}

describe("the admin port", () => {
  it("the admin port shows metrics, in the requested format", async () => {
    const { get } = await opened({ metrics: (format) => `${format} 1\n` });
    const plain = await get("/metrics?all=1");
    expect([plain.status, plain.body]).toEqual([200, "prometheus 1\n"]);
    expect(plain.headers).toMatchObject({
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
      "cache-control": "no-store",
      vary: "accept",
      "x-content-type-options": "nosniff",
    });
    const open = await get("/metrics", { headers: { accept: "application/openmetrics-text; version=1.0.0" } });
    expect(open.headers["content-type"]).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    expect(open.body).toBe("openmetrics 1\n");
    const head = await get("/metrics", { method: "HEAD" });
    expect([head.status, head.body, head.headers["content-length"]]).toEqual([200, "", "13"]);
  });

  it("the admin port shows liveness and readiness", async () => {
    let state: ReadyState = "starting";
    let load: Load = "calm";
    const { get } = await opened({ state: () => state, load: () => load });
    expect((await get("/healthz")).status).toBe(200);
    expect(await get("/readyz")).toMatchObject({ status: 503, body: "starting\n" });
    state = "ready";
    expect(await get("/readyz")).toMatchObject({ status: 200, body: "ok\n" });
    load = "shedding";
    expect(await get("/readyz")).toMatchObject({ status: 200, body: "ok, shedding\n" });
    state = "overloaded";
    expect(await get("/readyz")).toMatchObject({ status: 503, body: "overloaded\n" });
    state = "draining";
    expect(await get("/readyz")).toMatchObject({ status: 503, body: "draining\n" });
  });

  it("the admin port has only the given routes", async () => {
    const { get } = await opened({ routes: new Map([["/live", () => ({ body: "<p>", type: "text/html" })]]) });
    expect(await get("/live")).toMatchObject({ status: 200, body: "<p>" });
    expect((await get("/")).body).toBe("there are /healthz, /readyz, /metrics, /live\n");
    for (const path of ["/", "/metrics/", "//metrics", "/__proto__", "*"]) expect((await get(path)).status).toBe(404);
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
      expect(await get("/metrics", { method })).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
  });

  it("an internal failure is reported to the log, and not to the client", async () => {
    const { get, faults } = await opened({ metrics: () => Promise.reject(new Error("secret")) });
    expect(await get("/metrics")).toMatchObject({ status: 500, body: "cannot answer\n" });
    expect(faults).toEqual(["cannot answer /metrics of the admin port"]);
    expect((await get("/healthz")).status).toBe(200);
  });

  it("concurrent requests share one rendering", async () => {
    let made = 0;
    const arrival = Promise.withResolvers<void>();
    const release = Promise.withResolvers<string>();
    const metrics = () => {
      made++;
      arrival.resolve();
      return release.promise;
    };
    const { get } = await opened({ metrics });
    const [first, second] = [get("/metrics"), get("/metrics")];
    await arrival.promise;
    await get("/healthz");
    await get("/healthz");
    release.resolve("a 1\n");
    expect([(await first).body, (await second).body, made]).toEqual(["a 1\n", "a 1\n", 1]);
  });

  it.each([
    ["127.0.0.1:9090", 200],
    ["[::1]:9090", 200],
    ["localhost", 200],
    ["pod.localhost:1", 200],
    ["10.1.2.3", 200],
    ["evil.example", 421],
    ["localhost.evil.example:9090", 421],
    ["127.0.0.1.nip.io", 421],
  ])("a loopback port checks the host: %s gets %i", async (host, status) => {
    const { get } = await opened();
    expect((await get("/metrics", { headers: { host } })).status).toBe(status);
  });
  it("a public port accepts every host name", async () => {
    const { get } = await opened({ host: "0.0.0.0" });
    expect((await get("/metrics", { headers: { host: "shop-bff.prod.svc" } })).status).toBe(200);
  });
});

describe("an attacker at the admin port", () => {
  const closedBy = async (port: number, bytes: string): Promise<string> => {
    const socket = net.connect(port, "127.0.0.1").on("error", () => {});
    socket.write(bytes);
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(socket, "close");
    return Buffer.concat(chunks).toString();
  };

  it("oversized headers are refused", async () => {
    const { admin, get } = await opened();
    const answer = await closedBy(admin.port, `GET /metrics HTTP/1.1\r\nhost: x\r\na: ${"a".repeat(20_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 431 /);
    expect((await get("/healthz")).status).toBe(200);
  });
  it("a body is refused without being stored", async () => {
    const { admin } = await opened();
    const head = "POST /metrics HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1000000000\r\n\r\n";
    expect(await closedBy(admin.port, head)).toMatch(/^HTTP\/1.1 405 [\s\S]*connection: close/i);
  });
  it("connections are limited, and silent ones are closed", { timeout: 20_000 }, async () => {
    const { admin, get } = await opened();
    const sockets = Array.from({ length: 80 }, () => net.connect(admin.port, "127.0.0.1").on("error", () => {}));
    const closed = sockets.map((socket) => once(socket.resume(), "close"));
    await Promise.race(closed); // the 65th and those behind it, at once
    await Promise.all(closed); // the others, after the time for a request
    expect((await get("/healthz")).status).toBe(200);
  });
});

it("the admin port closes after its running answers, and does not wait for idle connections", async () => {
  const release = Promise.withResolvers<string>();
  const arrival = Promise.withResolvers<void>();
  const metrics = () => {
    arrival.resolve();
    return release.promise;
  };
  const { admin, get } = await opened({ metrics });
  const idle = net.connect(admin.port, "127.0.0.1");
  await once(idle, "connect");
  const answer = get("/metrics");
  await arrival.promise;
  const closed = admin.close();
  release.resolve("a 1\n");
  expect((await answer).body).toBe("a 1\n");
  await closed;
  idle.destroy();
  await expect(get("/healthz")).rejects.toThrow("ECONNREFUSED");
});

it("a port in use rejects with EADDRINUSE", async () => {
  const { admin } = await opened();
  await expect(opened({ port: admin.port })).rejects.toMatchObject({ code: "EADDRINUSE" });
});

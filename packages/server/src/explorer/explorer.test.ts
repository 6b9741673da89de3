import { spawn } from "node:child_process";
import { once } from "node:events";
import * as http from "node:http";
import { fileURLToPath } from "node:url";
import { compiled } from "@protobff/runtime/internal/testing/compile-cache";
import { expect, it, onTestFinished } from "vitest";
import { listen } from "../listen.ts";
import { openAdmin } from "../process/admin.ts";
import { EchoService, echoEndpoint } from "../testing/test-echo.ts";
import { Explorer, type ExplorerOptions } from "./explorer.ts";
import { MAX_PAGES, type Mock } from "./live.ts";
import { MASK } from "./page-data.ts";

const ECHO = "echo.v1.EchoService/Echo";

async function opened(options: Partial<ExplorerOptions> = {}, host = "127.0.0.1") {
  const server = await listen([echoEndpoint()]);
  onTestFinished(() => server.close(0));
  const explorer = new Explorer({
    name: "echo.v1",
    token: undefined,
    services: [EchoService],
    upstreams: [EchoService],
    serverUrl: () => server.url,
    ...options,
  });
  const faults: unknown[] = [];
  const admin = await openAdmin({
    host,
    port: 0,
    metrics: () => "a 1\n",
    state: () => "ready" as const,
    pages: [explorer],
    fault: (_, cause) => faults.push(cause),
  });
  onTestFinished(() => admin.close());
  const send = (path: string, more: SendOptions = {}) => sendRequest(admin.port, path, more);
  const word = async (headers = {}) => /content="([\w-]{43})"/.exec((await send("/", { headers })).body)?.[1] ?? "";
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) =>
    send(path, { method: "POST", body: JSON.stringify(body), headers: { "x-bff-explorer": await word(), ...headers } });
  return { admin, explorer, send: send, post, word, faults };
}

interface SendOptions extends http.RequestOptions {
  readonly body?: string;
}
async function sendRequest(port: number, path: string, { body, ...more }: SendOptions) {
  const request = http.request({ host: "127.0.0.1", port, path, agent: false, ...more }).end(body);
  const [response]: [http.IncomingMessage] = (await once(request, "response")) as [http.IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() };
}

it("the page may load nothing from other hosts and run nothing inline", async () => {
  const { send } = await opened();
  const page = await send("/");
  expect(page.status).toBe(200);
  expect(page.headers["content-security-policy"]).toBe(
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'",
  );
  expect(page.headers).toMatchObject({ "x-frame-options": "DENY", "cache-control": "no-store" });
  expect(page.body).not.toMatch(/style=|<style|<script>|https?:|\son\w+=/);
  const named = [...page.body.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, path = ""]) => path);
  expect(named).toEqual(["/explorer.svg", "/explorer.css", "/explorer.js"]);
  for (const path of named) expect((await send(path)).status).toBe(200);
  expect((await send("/explorer.js")).body).not.toMatch(/eval\(|new Function/);
});

it("the page has less than 60 KB in total", async () => {
  const { send } = await opened();
  const all = await Promise.all(["/", "/explorer.js", "/explorer.css", "/explorer.svg"].map((path) => send(path)));
  const bytes = all.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0);
  expect(bytes).toBeLessThanOrEqual(60_000);
});

it("the overview lists the RPCs, each with a sample request", async () => {
  const { send } = await opened({ plan: async () => [{ file: "echo.proto" }] });
  const message = JSON.parse((await send("/explorer/overview")).body);
  expect(message).toEqual({
    name: "echo.v1",
    rpcs: [{ rpc: ECHO, skeleton: '""', fields: ["value"] }],
    plan: [{ file: "echo.proto" }],
  });
});

it("a custom request is sent to the BFF's RPCs only", async () => {
  const { post } = await opened();
  const sent = await post("/explorer/try", { rpc: ECHO, body: '"a"', headers: [["X-Request-Id", "r1"]] });
  const tried = JSON.parse(sent.body);
  expect([sent.status, tried.status, JSON.parse(tried.body)]).toEqual([200, 200, "a"]);
  const refused = JSON.parse((await post("/explorer/try", { rpc: ECHO, body: "no", headers: [] })).body);
  expect([refused.status, JSON.parse(refused.body).code]).toEqual([400, "invalid_argument"]);
  for (const wrong of [
    { rpc: "grpc.health.v1.Health/Check", body: "{}", headers: [] },
    { rpc: "../metrics", body: "{}", headers: [] },
    { rpc: ECHO, body: "{}", headers: [["host", "x"]] },
    { rpc: ECHO, body: "{}", headers: [["a\r\nb", "x"]] },
    { rpc: ECHO, body: "{}", headers: [["a", "x\r\nb: c"]] },
    { rpc: ECHO, body: "{}", headers: Array.from({ length: 51 }, (_, i) => [`a${i}`, "b"]) },
    { rpc: ECHO, body: 1, headers: [] },
    null,
  ])
    expect((await post("/explorer/try", wrong)).status).toBe(400);
});

it("only a page of captures replays", async () => {
  const running = await opened();
  const { status, body } = await running.post("/explorer/replay", { id: 1, changes: [] });
  expect([status, JSON.parse(body).error]).toEqual([404, expect.stringContaining("protobff replay --page")]);
  const request = { id: 1, rpc: ECHO, at: 0, status: "OK", degraded: 0, calls: 0, requestId: "" };
  const shown = { events: [], calls: [], status: "OK", tookMs: 1, answer: "{}", degraded: "" };
  const run = async (order: unknown) => (order === null ? { error: "no order" } : shown);
  const { send, post } = await opened({ replays: { requests: [request], run } });
  expect(JSON.parse((await send("/explorer/overview")).body).replays).toEqual([request]);
  expect(JSON.parse((await post("/explorer/replay", { id: 1, changes: [] })).body)).toEqual(shown);
  const refused = await post("/explorer/replay", null);
  expect([refused.status, refused.body]).toEqual([400, '{"error":"no order"}']);
  const foreign = { "sec-fetch-site": "cross-site" };
  expect((await post("/explorer/replay", { id: 1, changes: [] }, foreign)).status).toBe(403);
});

it("a mock's behaviour can be switched", async () => {
  const mock: Mock = {
    service: EchoService.typeName,
    behaviour: { kind: "answer" },
  };
  const { post } = await opened({ mocks: new Map([["echo", mock]]) });
  expect((await post("/explorer/switch", { name: "echo", behaviour: "garbage" })).status).toBe(200);
  expect(mock.behaviour).toEqual({ kind: "garbage" });
  for (const wrong of [{ name: "other", behaviour: "down" }, { name: "echo", behaviour: "toString" }, {}, null])
    expect((await post("/explorer/switch", wrong)).status).toBe(400);
  expect(mock.behaviour).toEqual({ kind: "garbage" });
});

it("open pages receive events, up to a maximum of pages", async () => {
  const { admin, explorer, send } = await opened();
  const streams: http.IncomingMessage[] = [];
  for (let i = 0; i < MAX_PAGES; i++) {
    const request = http.get({ host: "127.0.0.1", port: admin.port, path: "/explorer/events", agent: false });
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    streams.push(response);
  }
  expect((await send("/explorer/events")).status).toBe(503);
  expect((await send("/metrics")).status).toBe(200);
  explorer.recorder.responseStart({ request: {}, method: ECHO, startedAt: performance.now(), header: () => "" });
  let text = "";
  for await (const chunk of streams[0] ?? []) {
    text += chunk;
    if (text.includes('"id":1')) break;
  }
  const events = text.split("\n\n").filter((line) => line.startsWith("data: "));
  const message = events.map((event) => JSON.parse(event.slice(6)));
  expect(message.flatMap(({ requests }) => requests)).toMatchObject([{ id: 1, rpc: ECHO, status: "RUNNING" }]);
});

it("the admin port closes while pages are open", async () => {
  const { admin } = await opened();
  const request = http.get({ host: "127.0.0.1", port: admin.port, path: "/explorer/events", agent: false });
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  response.resume();
  await Promise.all([admin.close(), once(response, "end")]);
});

const TOKEN = "a token of many letters";

it("without the token nothing is shown except metrics", async () => {
  const { send, faults } = await opened({ token: TOKEN }, "0.0.0.0");
  const page = await send("/");
  expect([page.status, page.body.includes("explorer.js"), page.body.includes("BFF_EXPLORER_TOKEN")]).toEqual([
    401,
    false,
    true,
  ]);
  for (const path of ["/explorer/overview", "/explorer/events", "/explorer/request?id=1"])
    expect((await send(path)).status).toBe(401);
  for (const authorization of ["Bearer no", "Bearer ", `Basic ${TOKEN}`])
    expect((await send("/explorer/overview", { headers: { authorization } })).status).toBe(401);
  for (const body of ["token=no", "", "token=", `token=${TOKEN}a`])
    expect((await send("/explorer/login", { method: "POST", body })).status).toBe(401);
  expect((await send("/metrics")).status).toBe(200);
  expect(faults).toEqual([]);
});

it("a valid token gives a cookie with another value", async () => {
  const { send } = await opened({ token: TOKEN });
  const body = new URLSearchParams({ token: TOKEN }).toString();
  const login = await send("/explorer/login", { method: "POST", body });
  expect([login.status, login.headers.location]).toEqual([303, "/"]);
  const [cookie = ""] = login.headers["set-cookie"] ?? [];
  expect(cookie).toMatch(/^bff_explorer=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
  const headers = { cookie: `other=1; ${cookie.split(";")[0]}` };
  expect((await send("/", { headers })).body).toContain("explorer.js");
  expect((await send("/explorer/overview", { headers })).status).toBe(200);
  expect((await send("/explorer/overview", { headers: { cookie: "bff_explorer=no" } })).status).toBe(401);
});

it("a token is accepted as a bearer token", async () => {
  const { send } = await opened({ token: "abcdefghijklmnop" });
  const headers = { authorization: "Bearer abcdefghijklmnop" };
  expect((await send("/explorer/overview", { headers })).status).toBe(200);
});

it.each([
  ["no word", {}],
  ["another word", { "x-bff-explorer": "a".repeat(43) }],
  ["a page of another port", { origin: "http://127.0.0.1:1" }],
  ["a page of nobody", { origin: "null" }],
  ["another site, as the browser says", { "sec-fetch-site": "cross-site" }],
  ["another port, as the browser says", { "sec-fetch-site": "same-site" }],
  ["a name that leads here", { host: "evil.example" }],
])("%s has no effect", async (what, headers: Record<string, string>) => {
  const mock: Mock = { service: EchoService.typeName, behaviour: { kind: "answer" } };
  const { send, word } = await opened({ mocks: new Map([["echo", mock]]) });
  const known = what === "no word" ? {} : { "x-bff-explorer": await word() };
  const body = JSON.stringify({ name: "echo", behaviour: "down" });
  const request = await send("/explorer/switch", { method: "POST", headers: { ...known, ...headers }, body });
  expect([403, 421]).toContain(request.status);
  expect(mock.behaviour).toEqual({ kind: "answer" });
});

it("GET changes nothing, and other pages cannot read", async () => {
  const { send } = await opened();
  for (const path of ["/explorer/try", "/explorer/switch", "/explorer/login"])
    expect(await send(path)).toMatchObject({ status: 405, headers: { allow: "POST" } });
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"])
    expect((await send("/explorer/overview", { method })).status).toBe(405);
  const headers = { "sec-fetch-site": "cross-site" };
  for (const path of ["/explorer/overview", "/explorer/events", "/explorer/request?id=1"])
    expect((await send(path, { headers })).status).toBe(403);
});

it("an oversized body is refused", async () => {
  const { admin, word } = await opened();
  for (const path of ["/explorer/login", "/explorer/switch", "/explorer/try"]) {
    const headers = { "x-bff-explorer": await word() };
    const request = http.request({ host: "127.0.0.1", port: admin.port, path, method: "POST", headers, agent: false });
    request.write("a".repeat(1 << 20));
    request.write("a"); // and does not end
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    expect(response.statusCode).toBe(400);
    request.destroy();
  }
});

it("secret values in request headers are masked", async () => {
  const { explorer, send } = await opened();
  const secrets: Record<string, string> = { authorization: "Bearer s3cret", cookie: "a=s3cret", "user-agent": "curl" };
  const header = (name: string): string => secrets[name] ?? "";
  explorer.recorder.responseStart({ request: {}, method: ECHO, startedAt: performance.now(), header });
  const { body } = await send("/explorer/request?id=1");
  expect(JSON.parse(body).headers).toEqual([
    ["user-agent", "curl"],
    ["authorization", MASK],
    ["cookie", MASK],
  ]);
  expect(body).not.toContain("s3cret");
  expect((await send("/explorer/request?id=2")).status).toBe(404);
});

const PROGRAM = fileURLToPath(new URL("../testing/test-server.ts", import.meta.url));

async function server(env: Record<string, string>) {
  const child = spawn(process.execPath, [PROGRAM], {
    env: { ...compiled, HOST: "127.0.0.1", PORT: "0", ECHO_V1_ECHOSERVICE_URL: "http://127.0.0.1:1", ...env },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let text = "";
  child.stderr.on("data", (chunk) => {
    text += chunk;
  });
  const [line] = await Promise.race([once(child.stdout, "data"), once(child, "close").then(() => [text])]);
  return String(line);
}

it("BFF_EXPLORER_TOKEN enables the explorer, and the server prints its address", { timeout: 60_000 }, async () => {
  const upstream = await listen([echoEndpoint()]);
  onTestFinished(() => upstream.close(0));
  const line = await server({ BFF_EXPLORER_TOKEN: "none", BFF_ADMIN_PORT: "0", ECHO_V1_ECHOSERVICE_URL: upstream.url });
  const [, url = "", page = ""] = /^listening on (\S+) \(metrics: \S+\/metrics, explorer: (\S+)\)\n$/.exec(line) ?? [];
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${url}/${ECHO}`, { method: "POST", headers, body: '"a"' });
  expect(await answer.json()).toBe("hi a");
  const message = await (await fetch(`${page}explorer/request?id=1`)).json();
  expect(message).toMatchObject({ rpc: ECHO, status: "OK", calls: 1, degraded: 0 });
  expect(message.spans).toMatchObject([
    {
      kind: "call",
      name: ECHO,
      outcome: "OK",
      request: '"a"',
      response: '"a"',
      attempts: [{ number: 1, outcome: "ok" }],
    },
  ]);
});

it.each([
  [{ BFF_EXPLORER_TOKEN: "none" }, "BFF_ADMIN_PORT is not set"],
  [{ BFF_EXPLORER: "1", BFF_ADMIN_PORT: "0", BFF_ADMIN_HOST: "0.0.0.0" }, "BFF_EXPLORER_TOKEN is not set"],
  [{ BFF_ADMIN_PORT: "0", BFF_EXPLORER_TOKEN: "short" }, "BFF_EXPLORER_TOKEN has 5 characters"],
  [{ BFF_ADMIN_PORT: "0", BFF_EXPLORER_TOKEN: "a token for viewers" }, "BFF_EXPLORER_TOKEN has a space"],
  [{ BFF_EXPLORER_TOKEN: "none", BFF_ADMIN_PORT: "0", BFF_WORKERS: "2" }, "BFF_WORKERS is more than 1"],
  [
    { BFF_EXPLORER_TOKEN: "none", BFF_ADMIN_PORT: "0", BFF_EXPLORER_CALLERS: "http://callers.example/" },
    "BFF_EXPLORER_CALLERS is no address with http:// on this machine",
  ],
])("the server refuses to start with %j: %s", { timeout: 60_000 }, async (env, why) => {
  expect(await server(env)).toContain(why);
});

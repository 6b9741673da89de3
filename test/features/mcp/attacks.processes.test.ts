// Requests of attackers at `/mcp`. A normal client beside them stays served.
import { once } from "node:events";
import * as http from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { agentProject, EVERY, servedAgent } from "./agent.ts";
import {
  bearer,
  type Call,
  calledIn,
  headersOf,
  type Json,
  MODES,
  type Mode,
  messageOf,
  send,
  sendBody,
  toolCall,
} from "./raw-client.ts";

const project = agentProject("attacks");
beforeAll(() => project.generate());
afterAll(() => project.remove());

/** A server, and a client that calls it until the test ends. */
async function serverUnderAttack(mode: Mode, env: Readonly<Record<string, string>> = {}) {
  const server = await servedAgent(project, { BFF_MCP_TOOLS: mode, ...env });
  const mine = bearer(await server.token(EVERY));
  const beside = normalClient(server.mcp, mine);
  onTestFinished(async () => {
    const statuses = await beside.stop();
    expect([...statuses]).toEqual([200]);
  });
  return { ...server, mine };
}
/** Time between two calls of the normal client. */
const BETWEEN_MS = 20;
function normalClient(mcp: string, headers: Record<string, string>) {
  const statuses = new Set<number>();
  let over = false;
  const calling = (async () => {
    do {
      const answer = await send(mcp, toolCall("get_item", { id: "7" }), headers).catch(() => undefined);
      statuses.add(answer?.body?.result?.structuredContent?.id === "7" ? answer.status : -1);
      await delay(BETWEEN_MS);
    } while (!over);
  })();
  const stop = async () => {
    over = true;
    await calling;
    return statuses;
  };
  return { stop };
}

const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
const CALL = toolCall("get_item", { id: "7" });
const written = (change: Record<string, Json>): string => JSON.stringify({ ...messageOf(CALL), ...change });
/** Without metadata and headers: a request of an older version. */
const legacy = (params: Json, change: Record<string, Json> = {}): string =>
  JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params, ...change });

const BODIES: readonly (readonly [
  name: string,
  body: string | Uint8Array<ArrayBuffer>,
  status: number,
  code: number,
])[] = [
  ["nothing", "", 400, -32700],
  ["half a message", '{"jsonrpc":"2.0"', 400, -32700],
  ["two messages", `${written({})}${written({})}`, 400, -32700],
  ["null", "null", 400, -32600],
  ["a batch", `[${written({})},${written({})}]`, 400, -32600],
  ["an empty batch", "[]", 400, -32600],
  ["another JSON-RPC", written({ jsonrpc: "1.0" }), 400, -32600],
  ["no JSON-RPC", written({ jsonrpc: null }), 400, -32600],
  ["a response", '{"jsonrpc":"2.0","id":1,"result":{}}', 400, -32600],
  ["a null id", written({ id: null }), 400, -32600],
  ["a fraction as id", written({ id: 1.5 }), 400, -32600],
  ["an object as id", written({ id: { a: 1 } }), 400, -32600],
  ["an array as id", written({ id: [1] }), 400, -32600],
  ["a bool as id", written({ id: true }), 400, -32600],
  ["a number as method", written({ method: 5 }), 400, -32600],
  ["an array as parameters", written({ params: [] }), 400, -32600],
  ["a text as parameters", written({ params: "x" }), 400, -32600],
  ["a nesting of 101", nested(101), 400, -32600],
  ["a nesting of 100,000", `${"[".repeat(100_000)}${"]".repeat(100_000)}`, 400, -32600],
  ["a nesting within arguments", legacy({ name: "get_item", arguments: JSON.parse(nested(99)) as Json }), 400, -32600],
  ["bytes that are no UTF-8", Uint8Array.of(0x22, 0xff, 0xfe, 0x22), 400, -32700],
];
test.each(MODES)("refuses broken bodies with an error of JSON-RPC: %s", async (mode) => {
  const { mcp, mine } = await serverUnderAttack(mode);
  for (const [name, body, status, code] of BODIES) {
    const answer = await sendBody(mcp, body, { ...headersOf(CALL), ...mine });
    expect.soft([name, answer.status, answer.body?.error?.code]).toEqual([name, status, code]);
    // Errors without a readable id leave it out; clients refuse null.
    expect.soft([name, answer.text]).not.toEqual([name, expect.stringContaining('"id":null')]);
    expect.soft(answer.headers.get("cache-control")).toBe("no-store");
  }
});

const NAMES: readonly (readonly [name: string, value: Json])[] = [
  ["a number", 5],
  ["null", null],
  ["an object", { a: 1 }],
  ["an object without a text", { toString: null, valueOf: null }],
  ["an array of such objects", [{ toString: null, valueOf: null }]],
  ["a name of Object", "__proto__"],
  ["another name of Object", "constructor"],
  ["a name of 100,000 letters", "x".repeat(100_000)],
  ["a name with a control character", "a\u0000\u001b[31m"],
  ["half a surrogate pair", "\ud83d"],
];
test.each(MODES)("errors of requests with a readable id have the id: %s", async (mode) => {
  const { mcp, mine } = await serverUnderAttack(mode);
  const requests = [written({ params: [] }), written({ params: "x" }), written({ jsonrpc: "1.0" })];
  for (const body of [...requests, legacy({ name: "get_item", arguments: JSON.parse(nested(99)) as Json })])
    expect.soft((await sendBody(mcp, body, { ...headersOf(CALL), ...mine })).body).toMatchObject({ id: 1 });
});

test.each(MODES)("a request without a version is refused, except those that begin a session: %s", async (mode) => {
  const { mcp, mine } = await serverUnderAttack(mode);
  const headers = { "content-type": "application/json", ...mine };
  const of = (method: string) => JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: {} });
  for (const method of ["tools/list", "tools/call", "server/discover"])
    expect.soft([method, (await sendBody(mcp, of(method), headers)).status]).toEqual([method, 400]);
  for (const method of ["initialize", "ping"]) expect((await sendBody(mcp, of(method), headers)).status).toBe(200);
  const unknown = { ...headers, "mcp-protocol-version": "1999-01-01" };
  expect((await sendBody(mcp, of("tools/list"), unknown)).body?.error).toMatchObject({ code: -32022 });
});

test.each(MODES)("texts of clients that are cut stay texts: %s", async (mode) => {
  const { mcp, mine } = await serverUnderAttack(mode);
  for (const start of ["", "a"]) {
    const name = `${start}${"😀".repeat(2_000)}`;
    const unknown = await send(mcp, toolCall(name), { ...mine, "mcp-name": encoded(name) });
    const question = await send(mcp, toolCall("place_order", { itemId: name }), mine);
    for (const { text, status } of [unknown, question]) {
      expect(status).toBe(200);
      expect.soft(text).not.toMatch(/\\ud[89a-f]/i);
    }
  }
});
const encoded = (text: string): string => `=?base64?${Buffer.from(text).toString("base64")}?=`;

test.each(MODES)("a trace in the metadata adds no header upstream: %s", async (mode) => {
  const { mcp, mine } = await serverUnderAttack(mode);
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  for (const tracestate of ["a=1\r\nx-evil: 1", "é😀", "x".repeat(100_000)]) {
    const message = messageOf(CALL);
    const params = { ...message.params, _meta: { ...message.params._meta, traceparent, tracestate } };
    const { body } = await sendBody(mcp, JSON.stringify({ ...message, params }), { ...headersOf(CALL), ...mine });
    expect(body?.result?.structuredContent).toMatchObject({ id: "7" });
  }
});

test.each(MODES)("a tool with a strange name is unknown, in every version: %s", async (mode) => {
  const { mcp, mine } = await serverUnderAttack(mode);
  const headers = { "content-type": "application/json", ...mine };
  for (const [about, name] of NAMES) {
    for (const version of ["2025-11-25", "2025-06-18"]) {
      const body = legacy({ name, arguments: {} });
      const answer = await sendBody(mcp, body, { ...headers, "mcp-protocol-version": version });
      expect.soft([about, answer.status, answer.body?.error?.code]).toEqual([about, 200, -32602]);
      expect.soft(answer.text.length).toBeLessThan(1_000);
    }
    const call = { method: "tools/call", params: { name, arguments: {} } };
    const { body } = await send(mcp, call, { ...mine, "mcp-name": "get_item" });
    expect.soft([-32602, -32020], about).toContain(body?.error?.code);
    if (mode === "all") continue;
    for (const tool of ["read_tool", "run_tool"]) {
      const inner = await send(mcp, calledIn(mode, call, tool), mine);
      expect.soft(inner.body?.error?.code === -32602 || inner.body?.result?.isError === true, about).toBe(true);
      expect.soft(inner.text.length).toBeLessThan(1_000);
    }
  }
});

const ARGUMENTS: readonly (readonly [name: string, args: Json])[] = [
  ["an array", []],
  ["a text", "{}"],
  ["a number", 1],
  ["names of Object", JSON.parse('{"__proto__":{"id":"7"},"constructor":1}') as Json],
];
test.each(MODES)("strange arguments run nothing: %s", async (mode) => {
  const { mcp, token, upstreams } = await servedAgent(project, { BFF_MCP_TOOLS: mode });
  const mine = bearer(await token(EVERY));
  for (const [about, args] of ARGUMENTS) {
    const { body } = await send(mcp, calledIn(mode, toolCall("get_item", args)), mine);
    expect.soft(body?.error?.code === -32602 || body?.result?.isError === true, about).toBe(true);
  }
  expect(upstreams.requests).toEqual([]);
});

test.each(MODES)("refuses bodies that are too large, announced or not: %s", async (mode) => {
  const { mcp, mine } = await serverUnderAttack(mode);
  const large = written({ id: "x".repeat(10 << 20) });
  const headers = { ...headersOf(CALL), ...mine };
  expect((await sendBody(mcp, large, headers).catch(() => ({ status: 413 }))).status).toBe(413);
  const chunks = new ReadableStream({
    pull: (controller) => controller.enqueue(Buffer.alloc(1 << 16, 0x20)),
  });
  expect((await sendBody(mcp, chunks, headers).catch(() => ({ status: 413 }))).status).toBe(413);
});

test.each(MODES)("refuses a flood of bad credentials before it reads their messages: %s", async (mode) => {
  const { mcp } = await serverUnderAttack(mode);
  const body = "[".repeat(50_000); // refused with 400 by a server that reads it
  for (let i = 0; i < 30; i++)
    for (const credential of [{}, bearer(`token ${i}`)])
      expect((await sendBody(mcp, body, { ...headersOf(CALL), ...credential })).status).toBe(401);
});

test.each(MODES)("refuses other methods, types and answers: %s", async (mode) => {
  const { mcp, mine } = await serverUnderAttack(mode);
  const headers = { ...headersOf(CALL), ...mine };
  for (const method of ["GET", "DELETE", "PUT", "PATCH"]) {
    const { status, headers: answer } = await sendBody(mcp, undefined, headers, method);
    expect([method, status, answer.get("allow")]).toEqual([method, 405, "POST"]);
  }
  const others = ['application/json; charset="latin1"', "application/json, text/plain"];
  for (const type of [
    ...others,
    "text/plain",
    "application/json-seq",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
  ])
    expect((await sendBody(mcp, written({}), { ...headers, "content-type": type })).status).toBe(415);
  expect((await sendBody(mcp, written({}), { ...headers, accept: "text/html" })).status).toBe(406);
  for (const rest of ["; charset=utf-8", ' ;Charset="UTF-8";', "\t;\tversion=1"]) {
    const type = { "content-type": `application/json${rest}` };
    expect((await sendBody(mcp, written({}), { ...headers, ...type })).status).toBe(200);
  }
});

describe("headers that repeat the body", () => {
  const place = toolCall("place_order", { itemId: "7", count: 1 });
  const HEADERS: readonly (readonly [name: string, call: Call, headers: Record<string, string>])[] = [
    ["another tool", place, { "mcp-name": "get_item" }],
    ["another case of the tool", place, { "mcp-name": "Place_Order" }],
    ["another method", place, { "mcp-method": "tools/list" }],
    ["another case of the method", place, { "mcp-method": "TOOLS/CALL" }],
    ["another version", place, { "mcp-protocol-version": "2025-11-25" }],
    ["a version of nobody", place, { "mcp-protocol-version": "v999.0.0" }],
    ["base64 without padding", CALL, { "mcp-name": "=?base64?Z2V0X2l0ZW?=" }],
    ["base64 of other characters", CALL, { "mcp-name": "=?base64?Z2V0X2l0ZW0!?=" }],
    ["base64 of the header of the method", CALL, { "mcp-method": "=?base64?dG9vbHMvY2FsbA==?=" }],
  ];
  test.each(MODES)("are a mismatch if they differ: %s", async (mode) => {
    const { mcp, mine, upstreams } = await serverUnderAttack(mode);
    for (const [about, call, headers] of HEADERS) {
      const { status, body } = await send(mcp, call, { ...mine, ...headers });
      expect.soft([about, status, body?.error?.code, body?.id]).toEqual([about, 400, -32020, 1]);
    }
    expect(upstreams.requests.some((request) => request.startsWith("place"))).toBe(false);
    const name = encoded("get_item");
    expect((await send(mcp, CALL, { ...mine, "mcp-name": name })).body?.result?.structuredContent).toMatchObject({
      id: "7",
    });
  });
  test.each(MODES)("a missing header or a header sent twice is a mismatch: %s", async (mode) => {
    const { mcp, mine } = await serverUnderAttack(mode);
    for (const name of ["mcp-method", "mcp-name", "mcp-protocol-version"]) {
      const { [name]: value = "", ...headers } = { ...headersOf(CALL), ...mine };
      const without = await sendBody(mcp, written({}), headers);
      expect([name, without.status, without.body?.error?.code]).toEqual([name, 400, -32020]);
      const twice = await twoHeaders(mcp, { ...headers, [name]: [value, value] });
      expect([name, twice]).toEqual([name, 400]);
    }
  });
});
async function twoHeaders(url: string, headers: http.OutgoingHttpHeaders): Promise<number | undefined> {
  const request = http.request(url, { method: "POST", headers }).end(written({}));
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  response.resume();
  return response.statusCode;
}

test.each(MODES)("scripts of other origins are refused; preflights allow the headers of MCP: %s", async (mode) => {
  const origin = "https://app.example";
  const { mcp, url, mine } = await serverUnderAttack(mode, { BFF_CORS_ORIGINS: origin });
  for (const foreign of [
    "https://evil.example",
    "null",
    "http://app.example",
    "https://app.example.evil.example",
    `${url}0`,
  ])
    expect([foreign, (await send(mcp, CALL, { ...mine, origin: foreign })).status]).toEqual([foreign, 403]);
  for (const known of [url, origin]) expect((await send(mcp, CALL, { ...mine, origin: known })).status).toBe(200);
  const wanted = "authorization,content-type,mcp-protocol-version,mcp-method,mcp-name";
  const preflightHeaders = { "access-control-request-method": "POST", "access-control-request-headers": wanted };
  const preflight = await sendBody(mcp, undefined, { origin, ...preflightHeaders }, "OPTIONS");
  expect(preflight.status).toBeLessThan(300);
  expect(preflight.headers.get("access-control-allow-origin")).toBe(origin);
  const allowed = preflight.headers
    .get("access-control-allow-headers")
    ?.toLowerCase()
    .split(/\s*,\s*/);
  expect(allowed).toEqual(expect.arrayContaining(wanted.split(",")));
  const other = await sendBody(mcp, undefined, { origin: "https://evil.example", ...preflightHeaders }, "OPTIONS");
  expect(other.headers.get("access-control-allow-origin")).toBeNull();
});

const QUERIES: readonly Json[] = [
  ...["x".repeat(100_000), "*", "__proto__", "constructor", "\u0000", "\ud83d", "a ".repeat(120), "ﬀ".repeat(200)],
  ...[null, 5, ["item"], { wildcard: true }],
];
test("strange queries find or refuse, and no tool calls itself", async () => {
  const { mcp, mine, upstreams } = await serverUnderAttack("search");
  for (const query of QUERIES) {
    const { status, body, text } = await send(mcp, toolCall("find_tools", { query }), mine);
    expect.soft([status, body?.error, text.length < 40_000]).toEqual([200, undefined, true]);
  }
  for (const name of ["find_tools", "read_tool", "run_tool"])
    for (const tool of ["read_tool", "run_tool"]) {
      const args = { name, arguments: { name: "cancel_order", arguments: { id: "1" } } };
      expect((await send(mcp, toolCall(tool, args), mine)).body?.error).toMatchObject({ code: -32602 });
    }
  const written = calledIn("search", toolCall("cancel_order", { id: "1" }), "read_tool");
  expect((await send(mcp, written, mine)).body?.result?.isError).toBe(true);
  // The header names the tool of the message, not the one inside.
  const headers = { ...mine, "mcp-name": "cancel_order" };
  expect((await send(mcp, calledIn("search", toolCall("cancel_order")), headers)).status).toBe(400);
  expect(upstreams.requests.filter((request) => request.startsWith("cancel"))).toEqual([]);
});

import { create, createRegistry } from "@bufbuild/protobuf";
import { ErrorInfoSchema, RetryInfoSchema } from "@protobff/messages/google/rpc/error_details_pb.js";
import { endpoint } from "@protobff/runtime/internal/endpoint/endpoint";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { Code, Failure, Reason, refusal } from "@protobff/runtime/internal/failure";
import { Violations } from "@protobff/runtime/internal/validate/violations";
import { expect, onTestFinished, test, vi } from "vitest";
import { Front, type Page, PageSchema } from "../../../../runtime/src/testing/gen/test_pb.ts";
import { listen } from "../listen.ts";
import { UsedHere } from "./confirmations.ts";
import { McpRoute } from "./mcp-route.ts";
import { openMcp, readMcpConfig } from "./open-mcp.ts";
import { failureText } from "./results.ts";
import type { Tool } from "./tool.ts";

const SHOW: Tool<never, never> = {
  name: "show",
  method: "test.v1.Front/Show",
  description: "Shows a page.",
  readOnly: true,
  idempotent: true,
  inputSchema: { type: "object", properties: { id: { type: "string" } }, additionalProperties: false },
  outputSchema: { type: "object" },
  maxBytes: 200,
};
const page = (title: string): Page => create(PageSchema, { title });
const OK = (id: string): Promise<Page> => Promise.resolve(page(`page ${id}`));

async function served(
  compose: (id: string) => Promise<Page> = OK,
  tool: Partial<Tool<never, never>> = {},
  run?: Endpoint["run"],
) {
  const tools = [{ ...SHOW, method: `${Front.typeName}/Show`, ...tool }] as never;
  const env = { BFF_TOOL_KEYS: Buffer.alloc(32, 1).toString("base64") };
  const { config, faults } = await readMcpConfig(env, tools, []);
  expect(faults).toEqual([]);
  const show = endpoint(Front.method.show, {}, { timeoutMs: 2_000, compose: (_, { id }) => compose(id) });
  const endpoints: Endpoint[] = [{ ...show, ...(run !== undefined && { run }) }];
  const reported: string[] = [];
  const fault = (message: string, cause: unknown) => void reported.push(`${message}: ${cause}`);
  const parts = { name: "test.v1", registry: createRegistry(), identity: undefined, env: {}, fault };
  const mcp = new McpRoute(await openMcp(config, { ...parts, endpoints }), undefined);
  const server = await listen(endpoints, { mcp });
  onTestFinished(() => server.close(0));
  const send = async (body: unknown, headers: Record<string, string> = OLD, method = "POST") => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const type = { "content-type": "application/json" };
    const init = { method, headers: { ...type, ...headers }, ...(method === "POST" && { body: text }) };
    const response = await fetch(`${server.url}/mcp`, init);
    const answer = await response.text();
    return { status: response.status, body: answer === "" ? undefined : JSON.parse(answer), headers: response.headers };
  };
  return { server, send, reported };
}
const OLD = { "mcp-protocol-version": "2025-11-25" };
const legacy = (method: string, params: object = {}, id: unknown = 1) => ({ jsonrpc: "2.0", id, method, params });
const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": { elicitation: {} },
};
const modern = (method: string, params: object = {}, meta: object = META) => legacy(method, { ...params, _meta: meta });
const HEADERS = (method: string, name?: string) => ({
  "mcp-protocol-version": "2026-07-28",
  "mcp-method": method,
  ...(name !== undefined && { "mcp-name": name }),
});

test("old clients begin with initialize, list and call", async () => {
  const { send } = await served();
  const first = await send(legacy("initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: {} }));
  expect([first.status, first.body.result.protocolVersion]).toEqual([200, "2025-06-18"]);
  expect((await send(legacy("initialize", { protocolVersion: "1999-01-01" }))).body.result.protocolVersion).toBe(
    "2025-11-25",
  );
  const notified = await send({ jsonrpc: "2.0", method: "notifications/initialized" });
  expect([notified.status, notified.body]).toEqual([202, undefined]);
  expect((await send(legacy("ping"))).body).toEqual({ jsonrpc: "2.0", id: 1, result: {} });
  const { tools } = (await send(legacy("tools/list"))).body.result;
  const { name, description, inputSchema, outputSchema } = SHOW;
  const annotations = { readOnlyHint: true, idempotentHint: true, destructiveHint: false };
  expect(tools).toEqual([{ name, description, inputSchema, outputSchema, annotations }]);
  const called = await send(legacy("tools/call", { name: "show", arguments: { id: "7" } }, "a"));
  const json = { title: "page 7" };
  expect(called.body).toEqual({
    jsonrpc: "2.0",
    id: "a",
    result: { content: [{ type: "text", text: JSON.stringify(json) }], structuredContent: json },
  });
});

test("modern clients send their version with each request", async () => {
  const { send } = await served();
  const discovered = (await send(modern("server/discover"), HEADERS("server/discover"))).body.result;
  expect(discovered).toMatchObject({
    resultType: "complete",
    supportedVersions: ["2026-07-28", "2025-11-25", "2025-06-18"],
    ttlMs: 300_000,
    cacheScope: "public",
  });
  expect(discovered._meta["io.modelcontextprotocol/serverInfo"].name).toBe("test.v1");
  const params = { name: "show", arguments: { id: "7" } };
  const called = await send(modern("tools/call", params), HEADERS("tools/call", "show"));
  expect(called.body.result).toMatchObject({ resultType: "complete", structuredContent: { title: "page 7" } });
  const encoded = `=?base64?${Buffer.from("show").toString("base64")}?=`;
  expect((await send(modern("tools/call", params), HEADERS("tools/call", encoded))).status).toBe(200);
});

const NO_META = { "mcp-protocol-version": "2026-07-28" };
const REFUSED: readonly (readonly [string, unknown, Record<string, string>, number, number])[] = [
  ["no JSON", "{", {}, 400, -32700],
  ["a batch", [legacy("ping")], {}, 400, -32600],
  ["no request", { id: 1 }, {}, 400, -32600],
  ["an id that is null", legacy("ping", {}, null), {}, 400, -32600],
  ["a deep message", `${"[".repeat(101)}${"]".repeat(101)}`, {}, 400, -32600],
  ["another content type", "x", { "content-type": "text/plain" }, 415, -32600],
  ["another accept", legacy("ping"), { accept: "text/html" }, 406, -32600],
  ["no accepted type", legacy("ping"), { accept: "application/json;q=0, text/event-stream; q=0.0" }, 406, -32600],
  ["a compressed body", legacy("ping"), { "content-encoding": "gzip" }, 415, -32600],
  ["an old list without a version", legacy("tools/list"), {}, 400, -32020],
  ["a name that is no text", legacy("tools/call", { name: { toString: null, valueOf: null } }), OLD, 200, -32602],
  ["arguments that are a list", legacy("tools/call", { name: "show", arguments: [] }), OLD, 200, -32602],
  ["a foreign origin", legacy("ping"), { origin: "https://evil.example" }, 403, -32600],
  ["an old method", legacy("resources/list"), OLD, 200, -32601],
  ["a modern method", modern("resources/list"), HEADERS("resources/list"), 404, -32601],
  ["a modern initialize", modern("initialize"), HEADERS("initialize"), 404, -32601],
  ["no metadata", legacy("tools/list"), NO_META, 400, -32602],
  ["no header", modern("tools/list"), {}, 400, -32020],
  ["another method's header", modern("tools/list"), HEADERS("tools/call"), 400, -32020],
  [
    "an unknown version",
    modern("tools/list", {}, { ...META, "io.modelcontextprotocol/protocolVersion": "2099-01-01" }),
    { ...HEADERS("tools/list"), "mcp-protocol-version": "2099-01-01" },
    400,
    -32022,
  ],
  ["an unknown tool", legacy("tools/call", { name: "hide" }), OLD, 200, -32602],
  ["a cursor", legacy("tools/list", { cursor: "x" }), OLD, 200, -32602],
];
test.each(REFUSED)("%s is refused", async (_, body, headers, status, code) => {
  const { send } = await served();
  const refused = await send(body, headers);
  expect([refused.status, refused.body.error.code]).toEqual([status, code]);
  expect(refused.headers.get("cache-control")).toBe("no-store");
});

test("other methods of HTTP get 405, and pages of this machine may call", async () => {
  const { server, send } = await served();
  for (const method of ["GET", "DELETE"]) expect((await send("", {}, method)).status).toBe(405);
  expect((await send(legacy("ping"), { origin: server.url })).status).toBe(200);
});

test("a large body gets 413, beside a client that is served", async () => {
  const { send } = await served();
  const [large, normal] = await Promise.all([
    send(JSON.stringify(legacy("ping", { text: "x".repeat(2_000_000) }))).catch(() => ({ status: 413 })),
    send(legacy("ping")),
  ]);
  expect([large.status, normal.status]).toEqual([413, 200]);
});

const ARGUMENTS: readonly (readonly [object, string])[] = [
  [{ nobody: 1 }, "INVALID_ARGUMENT: nobody is no argument of this tool"],
  [{ id: "x" }, "INVALID_ARGUMENT: id is no argument of this tool"],
];
test.each(ARGUMENTS)("unknown and hidden arguments %j have one text", async (args, text) => {
  const { send } = await served(OK, { hidden: ["id"] });
  const { result } = (await send(legacy("tools/call", { name: "show", arguments: args }))).body;
  expect(result).toEqual({ content: [{ type: "text", text }], isError: true });
});

test("the server sets hidden arguments", async () => {
  const hide = (args: { id: string }): void => {
    args.id = "hidden";
  };
  const { send } = await served(OK, { hidden: ["id"], hide: hide as never });
  const { result } = (await send(legacy("tools/call", { name: "show" }))).body;
  expect(result.structuredContent).toEqual({ title: "page hidden" });
});

test("failures are results that the model sees, without texts of upstreams", async () => {
  const failure = new Failure({
    code: Code.NOT_FOUND,
    clientCode: Code.NOT_FOUND,
    reason: Reason.REJECTED,
    callee: "up.v1.Service/Get",
    message: "no such row in table users",
    clientMessage: "not found",
  });
  const { send } = await served(() => Promise.reject(failure));
  const { result } = (await send(legacy("tools/call", { name: "show", arguments: { id: "7" } }))).body;
  expect(result.isError).toBe(true);
  expect(result.content[0].text).toMatch(/^NOT_FOUND: not found\nReason: \w+$/);
});

test("an error names up to 20 violations", async () => {
  const refused = (count: number) => () => {
    const found = new Violations();
    for (let at = 0; at < count; at++) found.at(Front.method.show.input.field.id, { id: "r", message: "is bad" }, at);
    return Promise.reject(caught(() => found.refuse()));
  };
  const textFor = async (count: number): Promise<string> => {
    const { send } = await served(refused(count));
    return (await send(legacy("tools/call", { name: "show" }))).body.result.content[0].text;
  };
  const some = (count: number) => Array.from({ length: count }, (_, at) => `id[${at}]: is bad`).join("; ");
  expect(await textFor(5)).toBe(`INVALID_ARGUMENT: ${some(5)}\nReason: INVALID_REQUEST`);
  expect(await textFor(32)).toBe(`INVALID_ARGUMENT: ${some(20)}; and 12 or more others\nReason: INVALID_REQUEST`);
});
test("an error with declared details has their reason and wait", () => {
  const info = { desc: ErrorInfoSchema, value: create(ErrorInfoSchema, { reason: "NO_SAMPLE", domain: "lab" }) };
  const wait = { desc: RetryInfoSchema, value: create(RetryInfoSchema, { retryDelay: { seconds: 6n, nanos: 1 } }) };
  const failure = refusal(Code.NOT_FOUND, "no such sample", [wait, info]);
  expect(failureText(failure)).toBe("NOT_FOUND: no such sample\nReason: NO_SAMPLE\nCall again after 7 s.");
});
function caught(throws: () => void): unknown {
  try {
    throws();
  } catch (thrown) {
    return thrown;
  }
  throw new Error("nothing was thrown");
}

test("an answer over its bound is an error that names the fields of a smaller answer", async () => {
  const { send } = await served(() => Promise.resolve(page("x".repeat(300))), { narrow: ["fields", "pageSize"] });
  const { result } = (await send(legacy("tools/call", { name: "show", arguments: {} }))).body;
  expect(result.isError).toBe(true);
  expect(result.content[0].text).toBe(
    "RESOURCE_EXHAUSTED: the answer has 312 bytes, and at most 200 fit. Set fields or pageSize for a smaller answer.",
  );
});

test("a client that disconnects cancels its call", async () => {
  const [started, cancelled] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { server } = await served(OK, {}, () => {
    started.resolve();
    return { cancel: () => cancelled.resolve() };
  });
  const disconnect = new AbortController();
  const body = JSON.stringify(legacy("tools/call", { name: "show" }));
  const headers = { "content-type": "application/json", ...OLD };
  const answer = fetch(`${server.url}/mcp`, { method: "POST", headers, body, signal: disconnect.signal });
  await started.promise;
  disconnect.abort();
  await expect(answer).rejects.toThrow();
  await cancelled.promise;
});

/** Calls a tool that confirms, and returns its question. */
async function question(send: Awaited<ReturnType<typeof served>>["send"], id = "7") {
  const params = { name: "show", arguments: { id } };
  const { result } = (await send(modern("tools/call", params), HEADERS("tools/call", "show"))).body;
  return { params, result, state: { requestState: result.requestState as string } };
}
const accept = { confirm: { action: "accept", content: { confirm: true } } };
const retry = (send: Awaited<ReturnType<typeof served>>["send"], params: object) =>
  send(modern("tools/call", params), HEADERS("tools/call", "show"));

test("a tool that confirms runs once for one answer of its user", async () => {
  const ran: string[] = [];
  const { send } = await served((id) => Promise.resolve(page(String(ran.push(id)))), { confirm: true });
  const { params, result, state } = await question(send);
  expect(result.resultType).toBe("input_required");
  expect(result.inputRequests.confirm).toMatchObject({
    method: "elicitation/create",
    params: { mode: "form", message: 'Run show with {"id":"7"}?' },
  });
  const unanswered = await retry(send, { ...params, ...state });
  expect(unanswered.body.result.resultType).toBe("input_required");
  expect(ran).toEqual([]);
  const accepted = await retry(send, { ...params, ...state, inputResponses: accept });
  expect(accepted.body.result).toMatchObject({ resultType: "complete", structuredContent: { title: "1" } });
  const again = await retry(send, { ...params, ...state, inputResponses: accept });
  expect(again.body.error).toMatchObject({ code: -32602, data: { reason: "invalid_request_state" } });
  expect(ran).toEqual(["7"]);
});
test("an agent sees that the store of confirmations fails, and the log has a line", async () => {
  const { send, reported } = await served(OK, { confirm: true });
  const { params, state } = await question(send);
  vi.spyOn(UsedHere.prototype, "use").mockRejectedValueOnce(new Error("OOM command not allowed"));
  const failed = await retry(send, { ...params, ...state, inputResponses: accept });
  expect(failed.body.result.content[0].text).toContain("confirmations cannot be checked now");
  expect(reported.at(-1)).toBe("confirmations of tools cannot be checked: Error: OOM command not allowed");
});

const ANSWERS: readonly (readonly [string, unknown])[] = [
  ["declined", { confirm: { action: "decline" } }],
  ["cancelled", { confirm: { action: "cancel" } }],
  ["accepted without the field", { confirm: { action: "accept", content: {} } }],
  ["false", { confirm: { action: "accept", content: { confirm: false } } }],
  ["a text", { confirm: { action: "accept", content: { confirm: "true" } } }],
];
test.each(ANSWERS)("a question that is %s runs nothing", async (_, inputResponses) => {
  const ran: string[] = [];
  const { send } = await served((id) => Promise.resolve(page(String(ran.push(id)))), { confirm: true });
  const { params, state } = await question(send);
  const { result } = (await retry(send, { ...params, ...state, inputResponses })).body;
  expect([result.isError, result.content[0].text, ran]).toEqual([true, "not confirmed", []]);
});

test("a state is of no use for other arguments, for another server, or with changed bytes", async () => {
  const { send } = await served(OK, { confirm: true });
  const { params, state } = await question(send);
  const bytes = Buffer.from(state.requestState, "base64url");
  bytes[30] = (bytes[30] ?? 0) ^ 1;
  const forged = [
    { ...state, arguments: { id: "8" } },
    { requestState: bytes.toString("base64url") },
    { requestState: 7 },
  ];
  for (const change of [...forged, { requestState: "" }]) {
    const { error } = (await retry(send, { ...params, ...state, ...change, inputResponses: accept })).body;
    expect(error.message).toBe("Invalid or expired requestState");
  }
});

test("clients without forms get an error", async () => {
  const { send } = await served(OK, { confirm: true });
  const old = (await send(legacy("tools/call", { name: "show", arguments: {} }))).body.result;
  const hint = "Use a client of MCP 2026-07-28 with elicitation, or an older one with elicitation over standard input.";
  expect([old.isError, old.content[0].text]).toEqual([true, expect.stringContaining(hint)]);
  const meta = { ...META, "io.modelcontextprotocol/clientCapabilities": { elicitation: { url: {} } } };
  const { status, body } = await send(modern("tools/call", { name: "show" }, meta), HEADERS("tools/call", "show"));
  expect([status, body.error]).toEqual([
    400,
    { code: -32021, message: expect.any(String), data: { requiredCapabilities: { elicitation: { form: {} } } } },
  ]);
});

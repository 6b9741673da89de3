// Early limits of packages, which precede the message at /mcp.
import { create, createRegistry } from "@bufbuild/protobuf";
import type { Limited } from "@protobff/runtime/internal/admission/limit-uses";
import { endpoint } from "@protobff/runtime/internal/endpoint/endpoint";
import { openLimits } from "@protobff/runtime/internal/environment/open-limits";
import type { RateLimit } from "@protobff/runtime/internal/limits/rate-limit";
import type { LimitEvent } from "@protobff/runtime/internal/observer-requests";
import { FakeClock } from "@protobff/runtime/internal/testing/fake-clock";
import { expect, onTestFinished, test, vi } from "vitest";
import { Front, PageSchema } from "../../../../runtime/src/testing/gen/test_pb.ts";
import { listen } from "../listen.ts";
import { overloaded } from "../overload/overloaded.ts";
import { Shedding } from "../overload/shedding.ts";
import { McpRoute } from "./mcp-route.ts";
import { openMcp, readMcpConfig } from "./open-mcp.ts";

const limitOf = (name: string, rate: number): RateLimit => ({
  name,
  package: "test.v1",
  rate,
  per: 60_000,
  burst: rate,
});
const FILE = limitOf("file", 3);
const RPC = limitOf("rpc", 2);
type Early = NonNullable<Limited<undefined, never, never, undefined>["early"]>[number];
const ofFile: Early = { limit: FILE, of: "file", key: (cx) => cx.peer.address };
const ofRpc: Early = { limit: RPC, key: (cx) => cx.header("x-key") };

async function served(early: readonly Early[], more: Parameters<typeof listen>[1] = {}, hosts?: readonly string[]) {
  const [clock, limited] = [new FakeClock(), [] as string[]];
  const counters = await openLimits([FILE, RPC], { environment: {}, clock, fault: () => {} });
  const observer = {
    limited: ({ method, limit, outcome }: LimitEvent) => void limited.push(`${method} ${limit} ${outcome}`),
  };
  const compose = () => Promise.resolve(create(PageSchema, { title: "page" }));
  const limits = { counters, early };
  const endpoints = [
    endpoint(Front.method.show, undefined, { timeoutMs: 2_000, clock, observer, limits, hosts, compose }),
  ];
  const schema = { type: "object" };
  const flags = { readOnly: true, idempotent: true, maxBytes: 1_000 };
  const tool = {
    name: "show",
    method: `${Front.typeName}/Show`,
    description: "",
    inputSchema: schema,
    outputSchema: schema,
  };
  const { config } = await readMcpConfig({}, [{ ...tool, ...flags }], []);
  const parts = { name: "test.v1", registry: createRegistry(), identity: undefined, env: {}, fault: () => {} };
  const mcp = new McpRoute(await openMcp(config, { ...parts, endpoints }), undefined);
  const server = await listen(endpoints, { mcp, ...more });
  onTestFinished(() => server.close(0));
  const headers = { "content-type": "application/json", "mcp-protocol-version": "2025-11-25", "x-key": "a" };
  const send = async (body: string, more: Record<string, string> = {}) => {
    const answer = await fetch(`http://localhost:${server.port}/mcp`, {
      method: "POST",
      headers: { ...headers, ...more },
      body,
    });
    return { status: answer.status, retry: answer.headers.get("retry-after"), text: await answer.text() };
  };
  return { send, limited, clock };
}
const message = (method: string, params: object = {}) => JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
const CALL = message("tools/call", { name: "show", arguments: {} });

test.each([
  ["tools/list", message("tools/list")],
  ["initialize", message("initialize")],
  ["a call of an unknown tool", message("tools/call", { name: "hide" })],
  ["a notification", JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" })],
  ["a body without JSON", "{"],
  ["a call", CALL],
])("%s is counted by the early limits of the file", async (_, body) => {
  const { send, limited, clock } = await served([ofFile]);
  for (let i = 0; i < 3; i++) expect((await send(body)).status).not.toBe(429);
  const { status, retry, text } = await send(body);
  expect([status, JSON.parse(text).error.code, Number(retry) > 0]).toEqual([429, 8, true]);
  expect(limited).toEqual(["mcp test.v1/file exceeded"]);
  await clock.advance(60_000);
  expect((await send(body)).status).not.toBe(429);
});

test("a call is counted once by each limit, and the rpc's limit follows that of the file", async () => {
  const { send, limited } = await served([ofFile, ofRpc]);
  const statuses = [];
  for (let i = 0; i < 4; i++) statuses.push((await send(CALL)).status);
  expect(statuses).toEqual([200, 200, 429, 429]);
  expect(limited).toEqual([`${Front.typeName}/Show test.v1/rpc exceeded`, "mcp test.v1/file exceeded"]);
});

test("a limit without a key refuses the call, and the tool stays known", async () => {
  const { send } = await served([ofRpc]);
  const { status, text } = await send(CALL, { "x-key": "" });
  expect([status, JSON.parse(text).error]).toMatchObject([403, { code: 7 }]);
});

test("an overloaded server refuses calls by the priority of their rpc, and still lists tools", async () => {
  const refusal = vi.spyOn(Shedding.prototype, "refusal").mockImplementation((rpc) => rpc && overloaded(0));
  onTestFinished(() => refusal.mockRestore());
  const { send } = await served([], { shedDelayMs: 50 });
  const { status, retry, text } = await send(CALL);
  expect([status, retry, JSON.parse(text).error.code]).toEqual([503, "1", 14]);
  expect(refusal.mock.calls.map(([rpc]) => rpc)).toEqual([
    { name: `${Front.typeName}/Show`, priority: "normal", rank: 1 },
  ]);
  expect((await send(message("tools/list"))).status).toBe(200);
});

test("a tool is known on the hosts of its rpc only", async () => {
  const [here, elsewhere] = [await served([], {}, ["localhost"]), await served([], {}, ["*.shop.example"])];
  const namesOn = async ({ send }: typeof here) => JSON.parse((await send(message("tools/list"))).text).result.tools;
  expect([await namesOn(here), await namesOn(elsewhere)]).toEqual([[expect.objectContaining({ name: "show" })], []]);
  expect(JSON.parse((await here.send(CALL)).text).result.structuredContent).toEqual({ title: "page" });
  expect(JSON.parse((await elsewhere.send(CALL)).text).error.message).toBe("Unknown tool: show");
});

// How the worked example calls its upstreams: deadlines, cancellation, retries, breakers, headers, batches.
// Holds docs/runtime.md#deadlines
// Holds docs/runtime.md#cancellation
// Holds docs/runtime.md#headers
import { fromBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { LoggedCall } from "../../../examples/dashboard/upstreams.ts";
import { BatchGetUsersRequestSchema } from "../../../generated/user/v1/user_pb.ts";
import {
  type Example,
  type Generated,
  generateWorkedExample,
  post,
  startExample,
} from "../../bffs/worked-example/example.ts";
import { expectedDashboard } from "../../bffs/worked-example/expected-answers.ts";
import { type GrpcJsClient, grpcJsClient } from "../../support/upstreams/grpc-js-client.ts";

const ATLAS = { workspaceId: "atlas", userId: "u-ada" };
const METHODS = ["BatchGetUsers", "CountUnread", "GetSession", "GetSummary", "GetUsage", "Search"];

let generated: Generated;
let example: Example;
let client: GrpcJsClient;
let calls: LoggedCall[];
let url: string;

beforeAll(() => {
  generated = generateWorkedExample();
});
afterAll(() => generated.remove());
beforeEach(async () => {
  example = await startExample(generated.server);
  url = example.bff.url;
  calls = example.upstreams.calls;
  client = grpcJsClient(url);
});
afterEach(async () => {
  client.close();
  await example.close();
});

function methodOf(call: LoggedCall): string {
  return call.method.slice(call.method.indexOf("/") + 1);
}

function callsTo(method: string): readonly LoggedCall[] {
  return calls.filter((call) => methodOf(call) === method);
}

/** Milliseconds that a `grpc-timeout` header allows; not a number without one. */
function timeoutMs(call: LoggedCall): number {
  const [, digits, unit = ""] = /^(\d+)([HMSmun])$/.exec(call.headers.get("grpc-timeout") ?? "") ?? [];
  const inMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };
  return Number(digits) * (inMs[unit] ?? Number.NaN);
}

test("every method is called once, with the deadline of its policy", async () => {
  await post(url, ATLAS);
  expect(calls.map(methodOf).sort()).toEqual(METHODS);
  for (const call of calls) {
    const most = methodOf(call) === "GetUsage" ? 80 : 400;
    expect(timeoutMs(call)).toBeLessThanOrEqual(most);
    expect(timeoutMs(call)).toBeGreaterThan(0);
  }
});

test("a client's deadline is passed on, less the time that composing needs", async () => {
  const { message } = await client.getDashboard(ATLAS, {}, { timeoutMs: 300 }).reply;
  expect(message).toEqual(expectedDashboard("atlas", "u-ada"));
  // a tenth is kept
  expect(calls.map(methodOf).sort()).toEqual(METHODS);
  for (const call of calls) {
    expect(timeoutMs(call)).toBeLessThanOrEqual(270);
    expect(timeoutMs(call)).toBeGreaterThan(0);
  }
});

test("a client's deadline that passes while the agent hangs results in DEADLINE_EXCEEDED and cancels the calls", async () => {
  example.upstreams.services.agent.fault({ kind: "hang" });
  const { status } = await client.getDashboard(ATLAS, {}, { timeoutMs: 150 }).reply;
  expect(status?.code).toBe(4);
  await expect.poll(() => calls.filter((call) => call.outcome === "pending")).toEqual([]);
  const hung = calls.filter((call) => call.service === "agent");
  expect(hung.map(({ cancelled }) => cancelled)).toEqual(hung.map(() => true));
  expect(hung.length).toBeGreaterThan(0);
});

test.each(["grpc", "fetch"])("a client that disconnects cancels its calls (%s)", async (by) => {
  for (const service of ["agent", "notify"] as const) example.upstreams.services[service].fault({ kind: "hang" });
  const leaving = new AbortController();
  if (by === "grpc") {
    const call = client.getDashboard(ATLAS);
    leaving.signal.addEventListener("abort", () => call.cancel());
  } else {
    post(url, ATLAS, {}, leaving.signal).catch(() => undefined);
  }
  const pending = ["CountUnread", "GetSession", "GetSummary"];
  const hanging = () => calls.filter((call) => pending.includes(methodOf(call)));
  await expect.poll(() => hanging().map(methodOf).sort(), { interval: 2 }).toEqual(pending);
  const left = performance.now();
  leaving.abort();
  await expect.poll(() => hanging().map(({ cancelled }) => cancelled), { interval: 2 }).toEqual([true, true, true]);
  // by the client, not by the calls' own 400 ms
  for (const call of hanging()) expect(call.endedAt! - left).toBeLessThan(200);
});

test("a call that fails with UNAVAILABLE is retried, and sends the number of previous attempts", async () => {
  const { agent } = example.upstreams.services;
  agent.fault((call) =>
    methodOf(call as LoggedCall) === "GetSummary" && callsTo("GetSummary").length < 3
      ? { kind: "fail", code: Code.Unavailable }
      : undefined,
  );
  const { body } = await post(url, ATLAS);
  expect(body).toEqual(expectedDashboard("atlas", "u-ada"));
  expect(callsTo("GetSummary").map((call) => call.headers.get("grpc-previous-rpc-attempts"))).toEqual([
    undefined,
    "1",
    "2",
  ]);
});

test("calls with other failures are not retried", async () => {
  example.upstreams.services.billing.fault({ kind: "fail", code: Code.Internal });
  await post(url, ATLAS);
  expect(callsTo("GetUsage")).toHaveLength(1);
});

test("an open breaker stops calls to memory, and the answer has BREAKER_OPEN as the reason", async () => {
  example.upstreams.services.memory.fault({ kind: "fail", code: Code.Internal });
  const reasons: string[] = [];
  for (let count = 0; count < 21; count++) {
    const { body } = await post(url, ATLAS);
    expect(body.degraded).toMatchObject([{ path: "facts", upstream: "memory.v1.MemoryService" }]);
    reasons.push(body.degraded[0].reason);
  }
  // open from the twentieth sample on, the ones of warming up among them
  const tried = callsTo("Search").length;
  expect(tried).toBeGreaterThan(0);
  expect(tried).toBeLessThan(20);
  expect(reasons).toEqual([
    ...Array(tried).fill("REASON_UNAVAILABLE"),
    ...Array(21 - tried).fill("REASON_BREAKER_OPEN"),
  ]);
});

test("the server forwards the headers of the policy, and no others", async () => {
  const sent = { authorization: "Bearer made-up", "x-request-id": "r-1", cookie: "a=b", "x-other": "no" };
  await post(url, ATLAS, sent);
  expect(calls.map(methodOf).sort()).toEqual(METHODS);
  for (const { headers } of calls) {
    const custom = [...headers.keys()].filter((name) => !/^(grpc-|te$|content-type$|user-agent$)/.test(name));
    expect(custom.sort()).toEqual(["authorization", "x-request-id"]);
    expect([headers.get("authorization"), headers.get("x-request-id")]).toEqual(["Bearer made-up", "r-1"]);
  }
});

test("one call fetches the owners of all runs, each owner once", async () => {
  const { body } = await post(url, { workspaceId: "lumen", userId: "u-ada" });
  expect(body.runs).toHaveLength(8);
  const batches = callsTo("BatchGetUsers").map((call) => fromBinary(BatchGetUsersRequestSchema, call.request).ids);
  expect(batches.map((ids) => ids.toSorted())).toEqual([["u-ada", "u-chidori", "u-emil", "u-hana"]]);
});

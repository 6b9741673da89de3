// What the worked example answers when upstreams are down, hang, fail or refuse.
// Holds docs/runtime.md#cancellation
// Holds docs/runtime.md#failures
import { once } from "node:events";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { Code } from "@connectrpc/connect";
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import type { LoggedCall } from "../../../examples/dashboard/upstreams.ts";
import {
  type Example,
  type Generated,
  generateWorkedExample,
  post,
  startExample,
} from "../../bffs/worked-example/example.ts";
import { expectedDashboard } from "../../bffs/worked-example/expected-answers.ts";

const ATLAS = { workspaceId: "atlas", userId: "u-ada" };

let generated: Generated;
let example: Example;
let calls: LoggedCall[];
let url: string;

beforeAll(() => {
  generated = generateWorkedExample();
});
afterAll(() => generated.remove());
// one each, because breakers and throttles remember
beforeEach(async () => {
  example = await startExample(generated.server);
  url = example.bff.url;
  calls = example.upstreams.calls;
});
afterEach(() => example.close());

function callsTo(method: string): readonly LoggedCall[] {
  return calls.filter((call) => call.method.endsWith(`/${method}`));
}

/** The healthy answer without these fields, and with these entries. */
function without(fields: readonly string[], degraded: readonly object[]): object {
  const kept = Object.entries(expectedDashboard("atlas", "u-ada")).filter(([name]) => !fields.includes(name));
  return { ...Object.fromEntries(kept), degraded };
}

test("billing is down: its field is missing, and the others are present", async () => {
  await example.upstreams.services.billing.stop();
  const { status, headers, body } = await post(url, ATLAS);
  const entry = {
    path: "spent_cents",
    effect: "EFFECT_MISSING",
    reason: "REASON_UNAVAILABLE",
    upstream: "billing.v1.BillingService",
  };
  expect(body).toEqual(without(["spentCents"], [entry]));
  expect([status, headers.get("bff-degraded")]).toEqual([200, "spent_cents"]);
});

test("billing recovers, and its field returns", async () => {
  await example.upstreams.services.billing.stop();
  expect((await post(url, ATLAS)).body.spentCents).toBeUndefined();
  await example.upstreams.services.billing.start();
  await expect
    .poll(async () => (await post(url, ATLAS)).body, { timeout: 5_000 })
    .toEqual(expectedDashboard("atlas", "u-ada"));
});

test("billing hangs: the call ends after its 80 ms", async () => {
  example.upstreams.services.billing.fault({ kind: "hang" });
  const { body, headers } = await post(url, ATLAS);
  expect(body.degraded).toEqual([
    {
      path: "spent_cents",
      effect: "EFFECT_MISSING",
      reason: "REASON_TIMEOUT",
      upstream: "billing.v1.BillingService",
    },
  ]);
  expect(headers.get("bff-degraded")).toBe("spent_cents");
  await expect.poll(() => callsTo("GetUsage")).toMatchObject([{ cancelled: true }]);
  const [usage] = callsTo("GetUsage");
  // Its own time, not the 400 ms of every other call.
  const [, ms] = /^(\d+)m$/.exec(usage?.headers.get("grpc-timeout") ?? "") ?? [];
  expect(Number(ms)).toBeGreaterThan(0);
  expect(Number(ms)).toBeLessThanOrEqual(80);
});

test("billing hangs and ignores deadlines: its stream is reset", async () => {
  const server = http2.createServer();
  const reset = Promise.withResolvers<number>();
  server.on("stream", (stream) => stream.on("close", () => reset.resolve(stream.rstCode)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  onTestFinished(() => void server.close());
  const other = await startExample(generated.server, { urls: { billing: `http://127.0.0.1:${port}` }, warm: false });
  onTestFinished(() => other.close());
  const { body } = await post(other.bff.url, ATLAS);
  expect(body.degraded).toMatchObject([{ path: "spent_cents", reason: "REASON_TIMEOUT" }]);
  expect(await reset.promise).toBe(http2.constants.NGHTTP2_CANCEL);
});

test("the session fails: facts are missing because of it, and memory receives no call", async () => {
  example.upstreams.services.agent.fault((call) =>
    call.method.endsWith("/GetSession") ? { kind: "fail", code: Code.PermissionDenied } : undefined,
  );
  const { body } = await post(url, ATLAS);
  const entry = {
    path: "facts",
    effect: "EFFECT_MISSING",
    reason: "REASON_REJECTED",
    upstream: "agent.v1.AgentService",
  };
  expect(body).toEqual(without(["facts"], [entry]));
  expect(callsTo("Search")).toEqual([]);
});

test("users are down: every card lacks its owner, with one entry each", async () => {
  await example.upstreams.services.user.stop();
  const { body, headers } = await post(url, ATLAS);
  expect(body.runs.map((run: { ownerName?: string }) => run.ownerName)).toEqual(Array(5).fill(undefined));
  expect(body.degraded.map((entry: { path: string }) => entry.path)).toEqual(
    [0, 1, 2, 3, 4].map((index) => `runs[${index}].owner_name`),
  );
  expect(headers.get("bff-degraded")).toBe("runs[*].owner_name");
});

test("the agent is down: the answer is UNAVAILABLE and reveals nothing about the upstream", async () => {
  await example.upstreams.services.agent.stop();
  const { status, body } = await post(url, ATLAS);
  expect([status, body.code]).toEqual([503, "unavailable"]);
  expect(JSON.stringify(body)).not.toMatch(/agent|127\.0\.0\.1|ECONN/i);
});

test("an upstream's NOT_FOUND becomes INTERNAL", async () => {
  const { status, body } = await post(url, { workspaceId: "nowhere" });
  expect([status, body.code]).toEqual([500, "internal"]);
});

test("a failure of the agent cancels calls in flight", async () => {
  example.upstreams.services.notify.fault({ kind: "hang" });
  example.upstreams.services.agent.fault({ kind: "fail", code: Code.Internal, afterMs: 60 });
  expect((await post(url, ATLAS)).status).toBe(500);
  const failed = performance.now();
  await expect.poll(() => callsTo("CountUnread")).toMatchObject([{ cancelled: true }]);
  // with the response, and not by its own 400 ms
  expect(callsTo("CountUnread")[0]!.endedAt! - failed).toBeLessThan(200);
});

test("a guard refuses before any upstream is called", async () => {
  const { status, body } = await post(url, { query: "tests" });
  expect([status, body]).toMatchObject([400, { code: "invalid_argument", message: "workspace_id is missing" }]);
  expect(calls).toEqual([]);
});

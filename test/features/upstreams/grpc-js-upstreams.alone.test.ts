// The agent and user upstreams by @grpc/grpc-js: the BFF speaks gRPC, and not only what Connect's servers understand.
import * as grpc from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  type Example,
  type Generated,
  generateWorkedExample,
  post,
  startExample,
} from "../../bffs/worked-example/example.ts";
import { expectedDashboard } from "../../bffs/worked-example/expected-answers.ts";
import { type GrpcJsUpstreams, startGrpcJsUpstreams } from "../../support/upstreams/upstreams-grpc-js.ts";

const HEADERS = { authorization: "Bearer made-up" };

let generated: Generated;
let theirs: GrpcJsUpstreams;
let example: Example;
let url: string;

beforeAll(async () => {
  generated = generateWorkedExample();
  theirs = await startGrpcJsUpstreams();
  example = await startExample(generated.server, { urls: theirs.urls });
  url = example.bff.url;
  theirs.calls.length = 0;
});
afterAll(async () => {
  await example.close();
  await theirs.close();
  generated.remove();
});
afterEach(() => {
  for (const { method } of theirs.calls) theirs.fault(method, undefined);
  theirs.calls.length = 0;
});

test("grpc-js upstreams give the same answer and receive deadline and headers", async () => {
  const before = Date.now();
  const { body } = await post(url, { workspaceId: "atlas", userId: "u-ada" }, HEADERS);
  expect(body).toEqual(expectedDashboard("atlas", "u-ada"));
  expect(theirs.calls.map(({ method }) => method).sort()).toEqual([
    "agent.v1.AgentService/GetSession",
    "agent.v1.AgentService/GetSummary",
    "user.v1.UserService/BatchGetUsers",
  ]);
  expect(example.upstreams.calls.map(({ service }) => service).sort()).toEqual(["billing", "memory", "notify"]);
  for (const { deadline, headers } of theirs.calls) {
    expect(deadline!.getTime() - before).toBeGreaterThan(100);
    expect(deadline!.getTime() - Date.now()).toBeLessThanOrEqual(400);
    expect(headers.authorization).toBe("Bearer made-up");
  }
});

test("a status of a grpc-js upstream degrades the fields that depend on it", async () => {
  theirs.fault("user.v1.UserService/BatchGetUsers", { code: grpc.status.DATA_LOSS, details: "shard is gone" });
  const { body } = await post(url, { workspaceId: "quarry", userId: "u-ada" }, HEADERS);
  expect(body.degraded).toEqual([
    {
      path: "runs[0].owner_name",
      effect: "EFFECT_MISSING",
      reason: "REASON_UNAVAILABLE",
      upstream: "user.v1.UserService",
    },
  ]);
  expect(JSON.stringify(body)).not.toContain("shard is gone");
});

test("a call with UNAVAILABLE from grpc-js is tried three times, and the answer is UNAVAILABLE", async () => {
  theirs.fault("agent.v1.AgentService/GetSummary", { code: grpc.status.UNAVAILABLE, details: "restarting" });
  const { status, body } = await post(url, { workspaceId: "quarry", userId: "u-ada" }, HEADERS);
  expect([status, body.code]).toEqual([503, "unavailable"]);
  const attempts = theirs.calls.filter(({ method }) => method === "agent.v1.AgentService/GetSummary");
  expect(attempts.map(({ headers }) => headers["grpc-previous-rpc-attempts"])).toEqual([undefined, "1", "2"]);
});

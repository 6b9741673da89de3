import { toJson } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { startUpstreams, type Upstreams } from "../../../examples/dashboard/upstreams.ts";
import { AgentService, SummarySchema } from "../../../generated/agent/v1/agent_pb.ts";
import { BillingService } from "../../../generated/billing/v1/billing_pb.ts";
import { BatchGetUsersResponseSchema, UserService } from "../../../generated/user/v1/user_pb.ts";
import { type GrpcJsUpstreams, startGrpcJsUpstreams } from "./upstreams-grpc-js.ts";

let upstreams: Upstreams;
let grpcJs: GrpcJsUpstreams;
const sessions: Http2SessionManager[] = [];

beforeAll(async () => {
  upstreams = await startUpstreams();
  grpcJs = await startGrpcJsUpstreams();
});
afterEach(() => {
  for (const service of Object.values(upstreams.services)) service.fault(undefined);
  upstreams.calls.length = 0;
});
afterAll(async () => {
  for (const session of sessions) session.abort();
  await upstreams.close();
  await grpcJs.close();
});

function transportTo(url: string) {
  const sessionManager = new Http2SessionManager(url);
  sessions.push(sessionManager);
  return createGrpcTransport({ baseUrl: url, sessionManager });
}

test("both implementations give the same answer", async () => {
  const summaries = await Promise.all(
    [upstreams.urls.agent, grpcJs.urls.agent].map((url) =>
      createClient(AgentService, transportTo(url)).getSummary({ workspaceId: "lumen" }),
    ),
  );
  expect(summaries[0]?.runs).toHaveLength(8);
  const [ours, theirs] = summaries.map((summary) => toJson(SummarySchema, summary));
  expect(theirs).toEqual(ours);
  const [users, otherUsers] = await Promise.all(
    [upstreams.urls.user, grpcJs.urls.user].map((url) =>
      createClient(UserService, transportTo(url)).batchGetUsers({ ids: ["u-hana", "u-ghost", "u-ada"] }),
    ),
  );
  expect(users?.users.map((user) => user.id)).toEqual(["u-hana", "u-ada"]);
  expect(toJson(BatchGetUsersResponseSchema, otherUsers!)).toEqual(toJson(BatchGetUsersResponseSchema, users!));
});

test("calls are logged with request, headers and outcome", async () => {
  const client = createClient(BillingService, transportTo(upstreams.urls.billing));
  await client.getUsage({ workspaceId: "atlas" }, { headers: { "x-request-id": "r1" } });
  await client.getUsage({ workspaceId: "nowhere" }).catch(() => undefined);
  expect(upstreams.calls.map(({ method, outcome, cancelled }) => ({ method, outcome, cancelled }))).toEqual([
    { method: "billing.v1.BillingService/GetUsage", outcome: "ok", cancelled: false },
    { method: "billing.v1.BillingService/GetUsage", outcome: Code.NotFound, cancelled: false },
  ]);
  const [first] = upstreams.calls;
  expect(Buffer.from(first!.request).toString()).toBe("\n\x05atlas");
  expect(first?.headers.get("x-request-id")).toBe("r1");
  expect(first?.response?.length).toBeGreaterThan(40);
});

test("faults fail calls, or hang them until the caller leaves", async () => {
  const client = createClient(BillingService, transportTo(upstreams.urls.billing));
  upstreams.services.billing.fault((call) =>
    call.number % 2 === upstreams.calls[0]!.number % 2 ? { kind: "fail", code: Code.DataLoss } : { kind: "hang" },
  );
  await expect(client.getUsage({ workspaceId: "atlas" })).rejects.toMatchObject({ code: Code.DataLoss });
  const leaving = new AbortController();
  const hanging = client.getUsage({ workspaceId: "atlas" }, { signal: leaving.signal });
  await expect.poll(() => upstreams.calls.length).toBe(2);
  leaving.abort();
  await expect(hanging).rejects.toMatchObject({ code: Code.Canceled });
  await expect.poll(() => upstreams.calls[1]).toMatchObject({ cancelled: true, outcome: Code.Canceled });
});

test("a stopped service restarts on its port, and the others continue", async () => {
  const billing = createClient(BillingService, transportTo(upstreams.urls.billing));
  const agent = createClient(AgentService, transportTo(upstreams.urls.agent));
  await billing.getUsage({ workspaceId: "atlas" });
  await upstreams.services.billing.stop();
  const error = ConnectError.from(await billing.getUsage({ workspaceId: "atlas" }).catch((caught) => caught));
  expect(error.code).toBe(Code.Unavailable);
  expect((await agent.getSummary({ workspaceId: "atlas" })).displayName).toBe("Atlas");
  await upstreams.services.billing.start();
  expect((await billing.getUsage({ workspaceId: "atlas" })).currency).toBe("EUR");
});

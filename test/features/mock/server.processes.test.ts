// `server.ts --mock`, asked by clients that are not ours: Connect's over HTTP/1.1, and grpc-js.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { Client, credentials, type ServiceError } from "@grpc/grpc-js";
import { expect, onTestFinished, test } from "vitest";
import {
  type Dashboard,
  DashboardSchema,
  DashboardService,
  GetDashboardRequestSchema,
} from "../../../generated/web/v1/web_pb.ts";
import { compiled } from "../../../runtime/src/testing/compile-cache.ts";

const server = fileURLToPath(new URL("../../../generated/web/v1/server.ts", import.meta.url));
const PLAIN = { ...compiled, HOST: "127.0.0.1", PORT: "0", BFF_LOG: "json" };

/** What its start line says. */
async function started(args: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [server, ...args], {
    env: { ...PLAIN, ...env },
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  for await (const line of createInterface({ input: child.stdout }))
    return JSON.parse(line) as { readonly url: string; readonly mocked?: readonly string[] };
  throw new Error("it has ended without a start line");
}

const request = { workspaceId: "w1", userId: "u1" };
const answered = {
  agent: { id: "id-1", displayName: "display_name-1" },
  spentCents: 1n,
  unread: 1,
  facts: ["text-1"],
  runs: [{ id: "id-1", ownerName: "name-1" }],
  degraded: [],
};

test("Connect and gRPC return samples of all composed fields", async () => {
  const { url, mocked } = await started(["--mock"], {});
  expect(mocked).toEqual(["agent", "billing", "memory", "notify", "user"]);
  const connect = createClient(DashboardService, createConnectTransport({ baseUrl: url, httpVersion: "1.1" }));
  expect(await connect.getDashboard(request)).toMatchObject(answered);
  expect(await byGrpc(url)).toMatchObject(answered);
}, 60_000);

test("an upstream with an address is called, unless all are mocked", async () => {
  const env = { BILLING_V1_BILLINGSERVICE_URL: "http://127.0.0.1:9" }; // where nobody listens
  const some = await started(["--mock"], env);
  expect(some.mocked).toEqual(["agent", "memory", "notify", "user"]);
  expect((await byGrpc(some.url)).degraded).toMatchObject([{ path: "spent_cents" }]);
  const all = await started(["--mock=all"], env);
  expect(all.mocked).toContain("billing");
  expect((await byGrpc(all.url)).degraded).toEqual([]);
}, 60_000);

test("an unknown value of --mock is refused, and without --mock addresses are required", () => {
  const start = (...args: string[]) =>
    spawnSync(process.execPath, [server, ...args], { env: { PORT: "0" }, encoding: "utf8" });
  const wrong = start("--mock=some");
  expect(wrong.stderr).toContain(
    "--mock=some is no way to mock upstreams; write --mock for those without an address, or --mock=all",
  );
  expect([wrong.status, wrong.stderr.split("\n").length]).toEqual([2, 3]);
  const without = start();
  expect([without.status, without.stderr]).toEqual([
    2,
    expect.stringContaining("AGENT_V1_AGENTSERVICE_URL is not set"),
  ]);
}, 60_000);

function byGrpc(url: string): Promise<Dashboard> {
  const client = new Client(new URL(url).host, credentials.createInsecure());
  onTestFinished(() => client.close());
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      "/web.v1.DashboardService/GetDashboard",
      (message: Uint8Array) => Buffer.from(message),
      (bytes: Buffer) => fromBinary(DashboardSchema, bytes),
      toBinary(GetDashboardRequestSchema, create(GetDashboardRequestSchema, request)),
      (error: ServiceError | null, dashboard?: Dashboard) =>
        dashboard === undefined ? reject(error ?? new Error("no answer")) : resolve(dashboard),
    );
  });
}

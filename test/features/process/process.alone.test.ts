// The generated server as a process: what it wants from its environment, and how it ends.
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import * as http2 from "node:http2";
import * as net from "node:net";
import { fileURLToPath } from "node:url";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { expect, onTestFinished, test } from "vitest";
import { summaryOf } from "../../../examples/dashboard/data.ts";
import { services } from "../../../examples/dashboard/services.ts";
import { AgentService } from "../../../generated/agent/v1/agent_pb.ts";
import { post, SPLIT_SERVER, startExample } from "../../bffs/worked-example/example.ts";
import { expectedDashboard } from "../../bffs/worked-example/expected-answers.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** An agent service whose summaries wait to be let go. */
async function heldAgent() {
  const arrival = Promise.withResolvers<void>();
  const letGo = Promise.withResolvers<void>();
  const handler = connectNodeAdapter({
    routes: (router) => {
      services.agent(router);
      router.rpc(AgentService.method.getSummary, async ({ workspaceId }) => {
        arrival.resolve();
        await letGo.promise;
        return summaryOf(workspaceId)!;
      });
    },
  });
  const server = http2.createServer(handler);
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on("session", (session) => sessions.add(session));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  const { port } = server.address() as net.AddressInfo;
  return { url: `http://127.0.0.1:${port}`, arrival: arrival.promise, letGo: letGo.resolve };
}

/** Resolves once nobody takes connections there any more. */
async function refused(url: string): Promise<void> {
  for (;;) {
    const socket = net.connect(Number(new URL(url).port), "127.0.0.1");
    const accepted = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (!accepted) return;
  }
}

test("SIGTERM stops new requests, finishes those in flight, and ends the process with 0", async () => {
  const agent = await heldAgent();
  const example = await startExample(SPLIT_SERVER, { urls: { agent: agent.url }, warm: false });
  onTestFinished(() => example.close());
  const { url } = example.bff;
  const answer = post(url, { workspaceId: "atlas", userId: "u-ada" });
  await agent.arrival;
  const stopped = example.bff.stop();
  await refused(url);
  agent.letGo();
  const { status, body } = await answer;
  // Supplementary calls of a cold process on a busy machine may miss their deadlines.
  const { agent: summary } = expectedDashboard("atlas", "u-ada") as { readonly agent: object };
  expect([status, body]).toEqual([200, expect.objectContaining({ agent: summary })]);
  expect(await stopped).toBe(0);
});

test("a wrong environment is reported completely, and the process exits with 2", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SPLIT_SERVER], {
    cwd: root,
    encoding: "utf8",
    env: {
      PORT: "eighty",
      BFF_GRACE: "soon",
      BFF_CORS_ORIGINS: "app.example",
      AGENT_V1_AGENTSERVICE_URL: "http://127.0.0.1:1",
      BILLING_V1_BILLINGSERVICE_URL: "127.0.0.1:1",
    },
  });
  const [first, ...lines] = stderr.trimEnd().split("\n");
  expect(first).toBe("web.v1 cannot start: 7 variables are missing or malformed");
  expect(lines.map((line) => line.trim().split(" ")[0]).sort()).toEqual([
    "BFF_CORS_ORIGINS",
    "BFF_GRACE",
    "BILLING_V1_BILLINGSERVICE_URL",
    "MEMORY_V1_MEMORYSERVICE_URL",
    "NOTIFY_V1_NOTIFYSERVICE_URL",
    "PORT",
    "USER_V1_USERSERVICE_URL",
  ]);
  expect([status, stdout]).toEqual([2, ""]);
});

test("DEFAULT_QUERY is read from the environment", async () => {
  const example = await startExample(SPLIT_SERVER, { env: { DEFAULT_QUERY: "monday" } });
  onTestFinished(() => example.close());
  const { body } = await post(example.bff.url, { workspaceId: "lumen" });
  expect(body.facts).toEqual(["Never reindex on a Monday"]);
});

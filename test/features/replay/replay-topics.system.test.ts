// Captures of RPCs that follow a topic in NATS, which is killed meanwhile.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readCapture } from "@protobff/replay";
import { expect, onTestFinished, test } from "vitest";
import { run } from "../../../cli/src/testing/run.ts";
import { addressVariables, startBff } from "../../../examples/dashboard/bff-process.ts";
import { startUpstreams } from "../../../examples/dashboard/upstreams.ts";
import { startWorker } from "../../../examples/runs/worker.ts";
import { startNats } from "../../../runtime/src/testing/nats-rig.ts";
import { streamed } from "./live-bff.ts";

const SERVER = "generated/runs/v1/server.ts";
const root = fileURLToPath(new URL("../../..", import.meta.url));

test("followers of a topic in NATS have the captured messages and tokens", { timeout: 180_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "protobff-nats-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const nats = await startNats();
  await nats.start();
  const upstreams = await startUpstreams({});
  onTestFinished(() => upstreams.close());
  const worker = await startWorker({ everyMs: 50, events: 20, nats: nats.url });
  onTestFinished(() => worker.close());
  const urls = { "worker.v1.WorkerService": worker.url, "user.v1.UserService": upstreams.urls.user };
  const capture = { BFF_CAPTURE: `all;dir=${folder}`, NATS_URL: nats.url };
  const keys = { BFF_TOOL_KEYS: Buffer.alloc(32, 1).toString("base64") };
  const bff = await startBff(SERVER, { ...addressVariables(urls), ...capture, ...keys });
  onTestFinished(async () => void (await bff.stop()));
  const unary = async (method: string, body: object) => {
    const answer = await fetch(`${bff.url}/runs.v1.RunService/${method}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return (await answer.json()) as Record<string, unknown>;
  };
  const { runId } = await unary("StartRun", { task: "build", userId: "u-ada" });
  const follow = () => streamed(bff.url, "runs.v1.RunService/FollowRun", { runId });
  const [first, second] = await Promise.all([follow(), follow()]);
  expect([first?.length, second?.length]).toEqual([21, 21]);
  await follow();
  await streamed(bff.url, "runs.v1.RunService/OpenRun", { runId });
  expect(await unary("GetRun", { runId })).toHaveProperty("done", true);
  await unary("GetRun", { runId: "run-99" });
  await nats.stop();
  await unary("GetRun", { runId });
  await bff.stop();
  const file = join(folder, readdirSync(folder)[0] ?? "");
  expect(readCapture(file).requests.length).toBe(8);
  const { stdout } = await run(["replay", file, "--server", SERVER], root);
  expect(stdout).toBe("8 of 8 requests have the captured answer and order of events\n");
});

// Captures of RPCs that follow a topic through an upstream's stream, which their followers share.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readCapture } from "@protobff/replay";
import { expect, onTestFinished, test } from "vitest";
import { run } from "../../../cli/src/testing/run.ts";
import { addressVariables, startBff } from "../../../examples/dashboard/bff-process.ts";
import { startUpstreams } from "../../../examples/dashboard/upstreams.ts";
import { leftWhen, streamed } from "./live-bff.ts";
import { LiveWorker } from "./live-worker.ts";

const SERVER = "generated/runs/v1/server.ts";
const root = fileURLToPath(new URL("../../..", import.meta.url));

test("followers of a topic have the captured messages and tokens, and newest items", { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "protobff-topics-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const upstreams = await startUpstreams({});
  onTestFinished(() => upstreams.close());
  const worker = await LiveWorker.start();
  onTestFinished(() => worker.stop());
  const urls = { "worker.v1.WorkerService": worker.url, "user.v1.UserService": upstreams.urls.user };
  const capture = {
    BFF_CAPTURE: `all;dir=${folder}`,
    BFF_TOOL_KEYS: Buffer.alloc(32, 1).toString("base64"),
  };
  const bff = await startBff(SERVER, { ...addressVariables(urls), ...capture });
  onTestFinished(async () => void (await bff.stop()));
  const call = (method: string, runId: string, signal?: AbortSignal) =>
    streamed(bff.url, `runs.v1.RunService/${method}`, { runId }, signal);
  const [first, second] = await Promise.all([call("FollowRun", "run-1"), call("FollowRun", "run-1")]);
  expect(first?.map(({ text }) => text)).toEqual(second?.map(({ text }) => text));
  expect(first?.length).toBe(13);
  await call("FollowRun", "run-1");
  await call("OpenRun", "run-1");
  // At once: the topic does not keep its items for long.
  const state = await fetch(`${bff.url}/runs.v1.RunService/GetRun`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ runId: "run-1" }),
  });
  expect(await state.json()).toHaveProperty("done", true);
  worker.breaks = () => ({ items: 2, code: 15 });
  await call("FollowRun", "run-2");
  worker.breaks = () => ({ items: 2 });
  const { opened } = worker;
  await leftWhen(
    (signal) => call("FollowRun", "run-3", signal),
    () => worker.opened > opened,
  );
  worker.breaks = () => undefined;
  await call("FollowRun", "not a key");
  await bff.stop();
  const file = join(folder, readdirSync(folder)[0] ?? "");
  const { requests } = readCapture(file);
  const { stdout } = await run(["replay", file, "--server", SERVER], root);
  expect(stdout).toBe(
    `${requests.length} of ${requests.length} requests have the captured answer and order of events\n`,
  );
  expect(requests.length).toBe(8);
  const shown = await run(["replay", file, "--server", SERVER, "--request", "1"], root);
  expect(shown.stdout).toMatch(
    /→ topic run run-1 stream 1 .*\n(.*\n)*.*← topic run run-1 stream 1 .*\n(.*\n)*.*⇒ message /,
  );
});

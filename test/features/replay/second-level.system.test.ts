// Captures of requests that look in the second level of the cache, a real Redis: misses, and answers of another process.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readCapture } from "@protobff/replay";
import { startRedis } from "@protobff/runtime/internal/testing/redis-rig";
import { expect, onTestFinished, test } from "vitest";
import { run } from "../../../cli/src/testing/run.ts";
import { startBff } from "../../../examples/dashboard/bff-process.ts";
import { workspaceIds } from "../../../examples/dashboard/data.ts";
import { startUpstreams } from "../../../examples/dashboard/upstreams.ts";
import { upstreamAddresses } from "../../bffs/worked-example/example.ts";

const SERVER = "generated/mobile/v1/server.ts";
const EVENT = Array.from({ length: 4 }, () => expect.any(Number));
const root = fileURLToPath(new URL("../../..", import.meta.url));

test("a replay has the answers of the second level where they came", async () => {
  const upstreams = await startUpstreams({});
  onTestFinished(() => upstreams.close());
  const redis = await startRedis();
  const started = async () => {
    const folder = mkdtempSync(join(tmpdir(), "protobff-second-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const captures = { BFF_CAPTURE: `all;dir=${folder}`, REDIS_URL: redis.url };
    return { folder, bff: await startBff(SERVER, { ...upstreamAddresses(upstreams.urls), ...captures }) };
  };
  const processes = [await started(), await started()];
  const billed = (): number =>
    upstreams.calls.filter(({ service, outcome }) => service === "billing" && outcome === "ok").length;
  // A busy machine may be late, so that the second process misses, too.
  for (let tries = 0, calls = 0; calls !== 1 && tries < 200; tries++) {
    const before = billed();
    for (const { bff } of processes) {
      const answer = await fetch(`${bff.url}/mobile.v1.HomeService/GetHome`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ workspaceId: workspaceIds[tries % workspaceIds.length], userId: "ada" }),
      });
      await answer.arrayBuffer();
    }
    calls = billed() - before;
  }
  await Promise.all(processes.map(({ bff }) => bff.stop()));
  const [miss = "", hit = ""] = processes.map(({ folder }) => join(folder, readdirSync(folder)[0] ?? ""));
  const lookUps = (file: string) =>
    readCapture(file).requests.flatMap(({ tape }) => tape.filter((event) => event[0] === "second"));
  expect(lookUps(miss)).toContainEqual(["second", ...EVENT, null, 0]);
  expect(lookUps(hit)).toContainEqual(["second", ...EVENT, expect.any(String), expect.any(Number)]);
  for (const file of [miss, hit]) {
    const replayed = await run(["replay", file, "--server", SERVER], root);
    expect(replayed.exitCode, replayed.stdout).toBe(0);
    const [{ id } = { id: 0 }] = readCapture(file).requests.filter(({ tape }) =>
      tape.some(([kind]) => kind === "second"),
    );
    const slower = ["--request", `${id}`, "--set", "agent.v1.AgentService/GetSummary: slower=1ms"];
    const changed = await run(["replay", file, "--server", SERVER, ...slower], root);
    expect(changed.stdout).toContain("the second level of the cache answers");
    expect(changed.stdout).not.toContain("no end");
  }
});

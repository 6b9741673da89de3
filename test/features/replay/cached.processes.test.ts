// Captures of requests whose answers come from the cache: fresh, stale, and from a fetch of another request.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readCapture } from "@protobff/replay";
import { expect, onTestFinished, test } from "vitest";
import { run } from "../../../cli/src/testing/run.ts";
import { startBff } from "../../../examples/dashboard/bff-process.ts";
import { startUpstreams } from "../../../examples/dashboard/upstreams.ts";
import { upstreamAddresses } from "../../bffs/worked-example/example.ts";

const SERVER = "generated/mobile/v1/server.ts";
const root = fileURLToPath(new URL("../../..", import.meta.url));

test("requests whose answers come from the cache have the captured answer and order of events", async () => {
  const folder = mkdtempSync(join(tmpdir(), "protobff-cached-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const upstreams = await startUpstreams({});
  onTestFinished(() => upstreams.close());
  upstreams.services.billing.fault({ kind: "delay", ms: 20 });
  const env = { ...upstreamAddresses(upstreams.urls), BFF_CAPTURE: `all;dir=${folder}` };
  const bff = await startBff(SERVER, env);
  const get = async (method: string, workspaceId = "sandbox"): Promise<void> => {
    const answer = await fetch(`${bff.url}/mobile.v1.HomeService/${method}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ workspaceId, userId: "ada" }),
    });
    await answer.arrayBuffer();
  };
  // Calls may be late on a busy machine. The first rounds end when the cache has an answer.
  const isCached = (): boolean =>
    upstreams.calls.some(({ service, outcome }) => service === "billing" && outcome === "ok");
  for (let tries = 0; tries < 50 && !isCached(); tries++) await get("GetHome");
  // The rounds pass the ttl of a second, so that entries are stale.
  for (let round = 0; round < 12; round++) {
    await Promise.all(Array.from({ length: 8 }, (_, i) => get(i % 2 === 0 ? "GetHome" : "GetWidget")));
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  // Requests leave a fetch that others still wait for.
  upstreams.services.billing.fault({ kind: "delay", ms: 5_000 });
  await Promise.all(Array.from({ length: 8 }, (_, i) => get(i % 2 === 0 ? "GetHome" : "GetWidget", "atlas")));
  await bff.stop();
  const file = join(folder, readdirSync(folder)[0] ?? "");
  const { requests } = readCapture(file);
  expect(requests.filter(({ entries = [] }) => entries.length > 0)).not.toEqual([]);
  expect(requests.flatMap(({ tape }) => tape).filter(([kind]) => kind === "shared")).not.toEqual([]);
  const { exitCode, stdout } = await run(["replay", file, "--server", SERVER], root);
  expect([exitCode, stdout]).toEqual([
    0,
    `${requests.length} of ${requests.length} requests have the captured answer and order of events\n`,
  ]);
  const against = await run(["replay", file, "--against", SERVER, "--server", SERVER], root);
  expect(against.stdout).toMatch(
    /^\d+ requests: \d+ same, 0 with differences that are not allowed, \d+ not comparable\n/,
  );
});

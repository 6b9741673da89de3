// Holds docs/runtime.md#rate-limits
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { keyOf } from "../../../runtime/src/limits/key.ts";
import { Counter } from "../../../runtime/src/limits/rate-limit.ts";
import { compiled } from "../../../runtime/src/testing/compile-cache.ts";
import { startRedis } from "../../../runtime/src/testing/redis-rig.ts";
import { GeneratedProject } from "../../support/generated-project.ts";
import { KilledStream, plans } from "./charged-streams.ts";
import type { ChargingReport } from "./charging-bff.ts";

const PROCESSES = 4;
const STREAMS = 1_000;
const AT_ONCE = 60;
/** Charge of a stream until its first item. */
const COST = 7;
const MOST = 1_000_000_000;

const project = new GeneratedProject("charges", {
  "app/v1/app.proto": `syntax = "proto3";
package app.v1;
import "bff/v1/options.proto";
option (bff.v1.file).telemetry = { meter: { name: "tokens" by: "result.tokens" } };
service AppService {
  option (bff.v1.service) = {};
  rpc Chat(ChatRequest) returns (stream Reply) {
    option (bff.v1.method) = {
      timeout: "10m"
      rate_limit: { name: "tokens" key: "args.tenant" rate: ${MOST} per: "month" cost: "${COST}" settle: "item.stock" }
      stream: {
        var: "item"
        until: "item.name == 'last'"
        call: { method: "up.v1.ItemService/WatchItem" set: { name: "id" by: "args.id" } }
      }
    };
  }
}
message ChatRequest {
  string id = 1;
  string tenant = 2;
}
message Reply { int32 tokens = 1 [(bff.v1.field).by = "args.item.stock"]; }
`,
});
beforeAll(() => project.generate());
afterAll(() => project.remove());

const PROGRAM = fileURLToPath(new URL("charging-bff.ts", import.meta.url));

async function chargingBff(upstream: string, redis: string) {
  const generated = join(project.folder, "app/v1/app_bff.ts");
  const env = { ...process.env, ...compiled };
  const stdio = ["ignore", "pipe", "inherit"] as const;
  const child = spawn(process.execPath, [PROGRAM, generated, upstream, redis], { env, stdio: [...stdio] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => String((await lines.next()).value);
  const url = (await line()).replace("listening on ", "");
  const stop = async (): Promise<ChargingReport> => {
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    const report = JSON.parse(await line()) as ChargingReport;
    await exited;
    return report;
  };
  return { url, stop };
}

/** Units that a stream costs, by what the upstream has sent on it. */
const costOf = ({ greatest = COST }: KilledStream): number => greatest;

function sumsByTenant(streams: readonly KilledStream[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const stream of streams) {
    const key = keyOf(stream.plan.tenant);
    sums[key] = (sums[key] ?? 0) + costOf(stream);
  }
  return sums;
}

test("streams that are killed at random cost the greatest value that the upstream has sent on each", async () => {
  const redis = await startRedis();
  const streams = fc.sample(plans, STREAMS).map((plan) => new KilledStream(plan));
  const upstream = await project.upstream({
    "up.v1.ItemService/WatchItem": ((request: { readonly id: string }, context: never) =>
      streams[Number(request.id)]?.items(context)) as never,
  });
  const bffs = await Promise.all(Array.from({ length: PROCESSES }, () => chargingBff(upstream, redis.url)));
  const waiting = streams.entries();
  const inTurn = async (): Promise<void> => {
    for (const [i, stream] of waiting) await stream.run(bffs[i % PROCESSES]?.url ?? "", String(i));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, inTurn));
  const reports = await Promise.all(bffs.map(({ stop }) => stop()));

  expect(reports.flatMap(({ faults }) => faults)).toEqual([]);
  const ends = reports.flatMap((report) => Object.entries(report.ends));
  expect(ends.reduce((sum, [, count]) => sum + count, 0)).toBe(STREAMS);
  expect([...new Set(ends.map(([end]) => end))].sort()).toEqual(["drained", "ended", "failed", "left"]);

  const sent = sumsByTenant(streams);
  const charged: Record<string, number> = {};
  for (const report of reports)
    for (const [key, units] of Object.entries(report.charged)) charged[key] = (charged[key] ?? 0) + units;
  expect(charged).toEqual(sent);

  const { ticks } = new Counter({ name: "tokens", package: "app.v1", rate: MOST, per: "month", burst: MOST });
  const counted: Record<string, number> = {};
  for (const key of Object.keys(sent)) {
    const [, level] = (await redis.admin.get(`bff:limit:app.v1/tokens:${key}`))?.split(" ") ?? [];
    counted[key] = Number(level) / ticks;
  }
  expect(counted).toEqual(sent);

  const metered = reports.reduce((sum, report) => sum + report.metered, 0);
  expect(metered).toBe(streams.reduce((sum, { greatest = 0 }) => sum + greatest, 0));
}, 180_000);

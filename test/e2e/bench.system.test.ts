// The benchmark end to end with h2load: every peer still answers what ours does. No figure is looked at.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { runClosedLoop } from "../../bench/rig/closed-loop.ts";
import type { ScenarioResult } from "../../bench/rig/result.ts";
import { closedLoops } from "../../bench/scenarios/closed.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const QUICK = { quick: true, json: true, record: false };

const names = ["protobff", "connect-node", "grpc-js", "raw-http2"];

test.each([
  { scenario: "fanout", names: [...names, "protobff-on-node-http2"], calls: 3 },
  { scenario: "example", names: [...names, "protobff-on-node-http2"], calls: 6 },
  { scenario: "list", names, calls: 2 },
  { scenario: "json", names: ["protobff", "connect-node", "raw-http2"], calls: 3 },
])("$scenario: the last line is the result", { timeout: 120_000 }, async ({ scenario, names, calls }) => {
  const args = ["bench/main.ts", scenario, "--quick", "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  const result = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as ScenarioResult;
  expect(result.scenario).toBe(scenario);
  expect(result.failures).toEqual([]);
  expect(result.variants.map(({ name }) => name)).toEqual(names);
  for (const variant of result.variants) {
    expect(variant.upstream_calls_per_request).toBe(calls);
    expect(variant.cpu_us_per_request).toBeGreaterThan(0);
    expect(variant.ratio_to_connect_node).toBeGreaterThan(0);
  }
});

test("an answer other than the expected one ends the run", async () => {
  const chain = closedLoops.find(({ name }) => name === "chain")!;
  const run = runClosedLoop({ ...chain, faultOf: () => "is not it" }, QUICK);
  await expect(run).rejects.toThrow("protobff in chain: is not it");
});

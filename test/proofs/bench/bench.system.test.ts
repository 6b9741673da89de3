// The benchmark end to end with h2load: every peer still answers what ours does. No figure is looked at.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { fromBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { grpcGo } from "../../../bench/peers/grpc-go/program.ts";
import { proxies } from "../../../bench/peers/proxies/programs.ts";
import { runClosedLoop } from "../../../bench/rig/closed-loop.ts";
import { goProgram } from "../../../bench/rig/go-program.ts";
import { callOnce } from "../../../bench/rig/one-call.ts";
import type { ScenarioResult } from "../../../bench/rig/result.ts";
import { startUpstream, type UpstreamProcess } from "../../../bench/rig/upstream-process.ts";
import { grpcRequest, type Variant, withServer } from "../../../bench/rig/variant.ts";
import { closedLoops } from "../../../bench/scenarios/closed-loops.ts";
import { goPeer } from "../../../bench/scenarios/go-peers.ts";
import { sampled } from "../../support/seed/sampled.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const QUICK = { quick: true, json: true, record: false };

const names = ["protobff", "protobff-node-server", "connect-node", "grpc-js", "raw-http2"];

test.each(
  sampled([
    { scenario: "fanout", names: [...names, "protobff-on-node-http2", "protobff-warmed-up"], calls: 3 },
    { scenario: "example", names: [...names, "protobff-on-node-http2"], calls: 6 },
    { scenario: "list", names, calls: 2 },
    { scenario: "json", names: ["protobff", "connect-node", "raw-http2"], calls: 3 },
  ]),
)("$scenario: the last line of the output is the result", { timeout: 120_000 }, async ({ scenario, names, calls }) => {
  const args = ["bench/main.ts", scenario, "--quick", "--json"];
  // Those in Go have a test of their own.
  const env = { ...process.env, PROTOBFF_WITHOUT_GO: "1" };
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env });
  const result = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as ScenarioResult;
  expect(result.scenario).toBe(scenario);
  expect(result.failures).toEqual([]);
  const inGo = scenario === "json" ? [] : ["grpc-go", "grpc-federation"];
  const { installed, leftOut } = scenario === "fanout" ? proxies() : { installed: [], leftOut: [] };
  expect(result.left_out.map(({ name }) => name)).toEqual([...inGo, ...leftOut.map(({ name }) => name)]);
  const forwarding = result.variants.slice(names.length);
  expect(result.variants.map(({ name }) => name)).toEqual([...names, ...installed.map(({ name }) => name)]);
  for (const { cpu_us_per_forwarded_call, rss_mb } of forwarding) {
    expect(cpu_us_per_forwarded_call).toBeGreaterThan(0);
    expect(rss_mb).toBeGreaterThan(0);
  }
  for (const variant of result.variants.slice(0, names.length)) {
    expect(variant.upstream_calls_per_request).toBe(calls);
    expect(variant.cpu_us_per_request).toBeGreaterThan(0);
    expect(variant.ratio_to_connect_node).toBeGreaterThan(0);
    expect(variant.cold_cpu_us_per_request).toBeGreaterThan(0);
    expect(variant.garbage_kb_per_request).toBeGreaterThan(0);
    expect(variant.allocations_per_request).toBeGreaterThan(0);
  }
});

test("an unexpected answer ends the run", { timeout: 120_000 }, async () => {
  vi.stubEnv("PROTOBFF_WITHOUT_GO", "1"); // nothing of Go's is built for it
  onTestFinished(() => void vi.unstubAllEnvs());
  const chain = closedLoops.find(({ name }) => name === "chain")!;
  const run = runClosedLoop({ ...chain, faultOf: () => "is not it" }, QUICK);
  await expect(run).rejects.toThrow("protobff in chain: is not it");
});

describe.skipIf(process.env.PROTOBFF_WITHOUT_GO === "1")("the peer in Go", () => {
  let upstream: UpstreamProcess;
  beforeAll(async () => {
    upstream = await startUpstream();
    // grpc-federation takes minutes more, and is left to the bench.
    expect(goProgram(grpcGo)).toHaveProperty("program");
  }, 600_000);
  afterAll(() => upstream.stop());

  test.each(["fanout", "example", "chain", "list"])("%s: gives the same answer as protobff", async (scenario) => {
    const loop = closedLoops.find(({ name }) => name === scenario)!;
    const { method } = loop.variants[0]!;
    const variant = goPeer(grpcGo, scenario, method) as Variant;
    const { grpcStatus, body, before, after, usage } = await withServer(variant, upstream, async (server) => {
      const before = await server.garbage();
      const answer = await callOnce(grpcRequest(variant, server, loop.request(method)), 30_000);
      return { ...answer, before, after: await server.garbage(), usage: await server.usage() };
    });
    expect(grpcStatus).toBe(0);
    expect(loop.faultOf(fromBinary(method.output, body.subarray(5)), method)).toBeUndefined();
    expect(after.heapBytes).toBeGreaterThan(before.heapBytes);
    expect(after.objects).toBeGreaterThan(before.objects ?? Number.NaN);
    expect(usage.cpuMicros).toBeGreaterThan(0);
    expect(usage.maxRssBytes).toBeGreaterThanOrEqual(usage.rssBytes);
  });
});

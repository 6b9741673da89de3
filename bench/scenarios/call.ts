// Measures the cost of one upstream call for its client, without policies and without a server.
import { ProfileService } from "../generated/bench/up/v1/up_pb.ts";
import { type RunOptions, type ScenarioResult, scenarioResult } from "../rig/result.ts";
import { median } from "../rig/statistics.ts";
import { startUpstream, type UpstreamProcess } from "../rig/upstream-process.ts";
import { PEERS, withServer } from "../rig/variant.ts";

const CLIENTS = ["protobff", ...PEERS] as const;

interface Sample {
  readonly cpuMicros: number;
  readonly perSecond: number;
}

export async function runCall(options: RunOptions): Promise<ScenarioResult> {
  const rounds = options.quick ? 1 : 5;
  const calls = options.quick ? 2_000 : 40_000;
  const samples = new Map<string, Sample[]>(CLIENTS.map((name) => [name, []]));
  const upstream = await startUpstream();
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [name, measured] of samples) measured.push(await measure(name, upstream, calls));
    }
  } finally {
    await upstream.stop();
  }
  const cpu = (name: string) => median(samples.get(name)?.map((sample) => sample.cpuMicros) ?? []);
  return scenarioResult(options, {
    scenario: "call",
    variants: [...samples].map(([name, measured]) => ({
      name,
      cpu_us_per_call: cpu(name),
      cpu_us_min: Math.min(...measured.map((sample) => sample.cpuMicros)),
      ratio_to_connect_node: cpu(name) / cpu("connect-node"),
      ratio_to_grpc_js: cpu(name) / cpu("grpc-js"),
      calls_per_second: median(measured.map((sample) => sample.perSecond)),
    })),
    left_out: [],
    failures: [],
    rounds,
  });
}

function measure(name: string, upstream: UpstreamProcess, calls: number): Promise<Sample> {
  const caller = {
    name,
    method: ProfileService.method.getProfile,
    launch: { entry: "bench/rig/caller.ts", args: [name] },
  };
  return withServer(caller, upstream, async (server) => {
    const run = async (count: number) => {
      const response = await fetch(`${server.url}/?calls=${count}`);
      if (!response.ok) throw new Error(`${name}: ${await response.text()}`);
    };
    await run(calls / 2);
    const before = await server.usage();
    const startedAt = performance.now();
    await run(calls);
    const seconds = (performance.now() - startedAt) / 1_000;
    const after = await server.usage();
    const cpuMicros = (after.cpuMicros - before.cpuMicros) / calls;
    console.log(`${name.padEnd(16)} ${cpuMicros.toFixed(1).padStart(6)} µs/call`);
    return { cpuMicros, perSecond: calls / seconds };
  });
}

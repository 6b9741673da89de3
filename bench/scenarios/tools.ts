// A call of a tool by MCP, against the same call by Connect with JSON.
import { HomeService } from "../generated/bench/tools/v1/tools_pb.ts";
import { h2load } from "../rig/h2load.ts";
import { callOnce } from "../rig/one-call.ts";
import { type RunOptions, type ScenarioResult, scenarioResult } from "../rig/result.ts";
import type { ServerProcess } from "../rig/server-process.ts";
import { median } from "../rig/statistics.ts";
import { startUpstream, type UpstreamProcess } from "../rig/upstream-process.ts";
import { forUser, generatedVariant, jsonRequest, type Prepared, withServer } from "../rig/variant.ts";

const variant = generatedVariant("tools", HomeService.method.getHome);
const CONNECT = "connect-json";
const VERSION = "2026-07-28";
const REQUESTS: Readonly<Record<string, (server: ServerProcess) => Prepared>> = {
  protobff: toolCall,
  [CONNECT]: (server) => jsonRequest(variant, server, forUser(variant.method)),
};
const FULL = { rounds: 5, warmUp: 20_000, measured: 20_000 };
const QUICK = { rounds: 1, warmUp: 300, measured: 500 };
const LOAD = { connections: 4, streams: 8 };

function toolCall(server: ServerProcess): Prepared {
  const { headers, ...request } = jsonRequest(variant, server, forUser(variant.method));
  const name = "get_home";
  const meta = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const args: unknown = JSON.parse(request.body.toString());
  const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args, _meta: meta } };
  return {
    ...request,
    path: "/mcp",
    headers: { ...headers, "mcp-protocol-version": VERSION, "mcp-method": message.method, "mcp-name": name },
    body: Buffer.from(JSON.stringify(message)),
  };
}

export async function runTools({ quick, ...options }: RunOptions): Promise<ScenarioResult> {
  const size = quick ? QUICK : FULL;
  const samples = new Map<string, { cpu: number; perSecond: number }[]>(
    Object.keys(REQUESTS).map((name) => [name, []]),
  );
  const upstream = await startUpstream();
  try {
    for (let round = 0; round < size.rounds; round++)
      for (const [name, measured] of samples) measured.push(await measure(name, upstream, size));
  } finally {
    await upstream.stop();
  }
  const cpu = (name: string) => median(samples.get(name)?.map((sample) => sample.cpu) ?? []);
  return scenarioResult(
    { quick, ...options },
    {
      scenario: "tools",
      variants: [...samples].map(([name, measured]) => ({
        name,
        cpu_us_per_request: cpu(name),
        cpu_us_min: Math.min(...measured.map((sample) => sample.cpu)),
        requests_per_second: median(measured.map(({ perSecond }) => perSecond)),
        ratio_to_connect_json: cpu(name) / cpu(CONNECT),
      })),
      left_out: [],
      failures: [],
      rounds: size.rounds,
    },
  );
}

function measure(name: string, upstream: UpstreamProcess, { warmUp, measured }: typeof FULL) {
  return withServer(variant, upstream, async (server) => {
    const request = REQUESTS[name]?.(server);
    if (request === undefined) throw new Error(`no ${name}`);
    const { status, body } = await callOnce(request, 10_000);
    if (status !== 200 || !body.includes("Ada Okafor")) throw new Error(`${name} answers ${status} ${body}`);
    await h2load(request, { ...LOAD, requests: warmUp });
    const before = await server.usage();
    const { requestsPerSecond: perSecond } = await h2load(request, { ...LOAD, requests: measured });
    const after = await server.usage();
    const cpu = (after.cpuMicros - before.cpuMicros) / measured;
    console.log(`${name.padEnd(14)} ${cpu.toFixed(1)} µs/request`);
    return { cpu, perSecond };
  });
}

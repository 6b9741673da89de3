// A call of a tool by MCP, against the same call by Connect with JSON: by h2load over HTTP/2, and over HTTP/1.1 by the
// official clients for TypeScript and Python, against `fetch`.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
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
const FETCH = "connect-json, fetch";
const NAME = "get_home";
const connectCall = (server: ServerProcess): Prepared => jsonRequest(variant, server, forUser(variant.method));

/** Sends requests to a server; resolves when all have been answered. */
type Load = (server: ServerProcess, requests: number) => Promise<void>;
interface Caller {
  /** The same calls by Connect. */
  readonly comparedWith: string;
  readonly load: Load;
  /** True for a client whose own work takes long. */
  readonly isSlow?: true;
}
const byH2load =
  (prepared: (server: ServerProcess) => Prepared): Load =>
  async (server, requests) => {
    const request = prepared(server);
    const { status, body } = await callOnce(request, 10_000);
    if (status !== 200 || !body.includes("Ada Okafor")) throw new Error(`the answer is ${status} ${body}`);
    await h2load(request, { ...LOAD, requests });
  };
const CALLERS: Readonly<Record<string, Caller>> = {
  protobff: { comparedWith: CONNECT, load: byH2load(toolCall) },
  [CONNECT]: { comparedWith: CONNECT, load: byH2load(connectCall) },
  "TypeScript client": { comparedWith: FETCH, load: byTypescript, isSlow: true },
  "Python client": { comparedWith: FETCH, load: byPython, isSlow: true },
  [FETCH]: { comparedWith: FETCH, load: byFetch, isSlow: true },
};
/** Number of calls that a client has under way. */
const AT_ONCE = 16;
async function atOnce(requests: number, call: () => Promise<void>): Promise<void> {
  let left = requests;
  const work = async (): Promise<void> => {
    while (left-- > 0) await call();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

async function byFetch(server: ServerProcess, requests: number): Promise<void> {
  const { origin, path, headers, body } = connectCall(server);
  await atOnce(requests, async () => {
    const answer = await fetch(origin + path, { method: "POST", headers, body: new Uint8Array(body) });
    if (!(await answer.text()).includes("Ada Okafor")) throw new Error(`the answer is ${answer.status}`);
  });
}

const callArguments = (server: ServerProcess) => JSON.parse(connectCall(server).body.toString());

async function byTypescript(server: ServerProcess, requests: number): Promise<void> {
  const client = new Client({ name: "bench", version: "1" }, { versionNegotiation: { mode: { pin: VERSION } } });
  await client.connect(new StreamableHTTPClientTransport(new URL("/mcp", server.url)));
  const call = { name: NAME, arguments: callArguments(server) };
  await atOnce(requests, async () => {
    const { isError } = await client.callTool(call);
    if (isError === true) throw new Error("a tool call has failed");
  });
  await client.close();
}

const PYTHON = fileURLToPath(new URL("../../test/features/mcp/.generated/python", import.meta.url));
const SCRIPT = fileURLToPath(new URL("../rig/mcp-client.py", import.meta.url));
const hasPython = (): boolean => {
  if (!existsSync(PYTHON)) return false;
  try {
    execFileSync("python3", ["-c", "import mcp"], { env: { ...process.env, PYTHONPATH: PYTHON }, stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};
async function byPython(server: ServerProcess, requests: number): Promise<void> {
  const settings = {
    url: `${server.url}/mcp`,
    name: NAME,
    arguments: callArguments(server),
    requests,
    atOnce: AT_ONCE,
  };
  const child = spawn("python3", [SCRIPT], {
    env: { ...process.env, PYTHONPATH: PYTHON },
    stdio: ["pipe", "ignore", "inherit"],
  });
  child.stdin.end(JSON.stringify(settings));
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`the Python client has ended with ${code}`);
}

const FULL = { rounds: 5, warmUp: 20_000, measured: 20_000 };
/** A client of these takes more time than the server. */
const SLOWER = 10;
const QUICK = { rounds: 1, warmUp: 300, measured: 500 };
const LOAD = { connections: 4, streams: 8 };

function toolCall(server: ServerProcess): Prepared {
  const { headers, ...request } = jsonRequest(variant, server, forUser(variant.method));
  const name = NAME;
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
  const isLeftOut = !hasPython();
  const callers = Object.entries(CALLERS).filter(([name]) => !isLeftOut || name !== "Python client");
  const samples = new Map<string, Sample[]>(callers.map(([name]) => [name, []]));
  const upstream = await startUpstream();
  try {
    for (let round = 0; round < size.rounds; round++)
      for (const [name, caller] of callers) samples.get(name)?.push(await measure(name, caller, upstream, size));
  } finally {
    await upstream.stop();
  }
  const cpu = (name = ""): number => median(samples.get(name)?.map((sample) => sample.cpu) ?? []);
  return scenarioResult(
    { quick, ...options },
    {
      scenario: "tools",
      variants: [...samples].map(([name, measured]) => ({
        name,
        cpu_us_per_request: cpu(name),
        cpu_us_min: Math.min(...measured.map((sample) => sample.cpu)),
        requests_per_second: median(measured.map(({ perSecond }) => perSecond)),
        ratio_to_connect_json: cpu(name) / cpu(CALLERS[name]?.comparedWith),
      })),
      left_out: isLeftOut ? [{ name: "Python client", reason: `no package mcp in ${PYTHON}` }] : [],
      failures: [],
      rounds: size.rounds,
    },
  );
}

interface Sample {
  readonly cpu: number;
  readonly perSecond: number;
}
function measure(
  name: string,
  { load, isSlow }: Caller,
  upstream: UpstreamProcess,
  size: typeof FULL,
): Promise<Sample> {
  return withServer(variant, upstream, async (server) => {
    const share = isSlow === true ? SLOWER : 1;
    await load(server, size.warmUp / share);
    const before = await server.usage();
    const began = performance.now();
    const measured = size.measured / share;
    await load(server, measured);
    const perSecond = (measured * 1_000) / (performance.now() - began);
    const cpu = ((await server.usage()).cpuMicros - before.cpuMicros) / measured;
    console.log(`${name.padEnd(20)} ${cpu.toFixed(1)} µs/request`);
    return { cpu, perSecond };
  });
}

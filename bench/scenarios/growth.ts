// Measures the cost of a unit as there are more of it: rpcs, upstreams, items, connections, followers, keys.
import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import * as net from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { addressVariables } from "../../examples/dashboard/bff-process.ts";
import { GENERATED, generateGrowth } from "../growth/generate.ts";
import { RPCS, UPSTREAMS } from "../growth/protos.ts";
import { h2load } from "../rig/h2load.ts";
import { callOnce } from "../rig/one-call.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "../rig/result.ts";
import { type ServerProcess, startServer } from "../rig/server-process.ts";
import { framed } from "../rig/upstream-data.ts";
import type { Prepared } from "../rig/variant.ts";
import { followersOverWorkers } from "./growth-followers.ts";

const ITEMS = [10, 100, 1_000, 10_000];
const CONNECTIONS = [1, 100, 1_000, 10_000];
const KEYS = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
const REQUEST_MS = 20_000;
const AT_A_TIME = 100;
/** Preface and empty SETTINGS of HTTP/2. */
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", "latin1");

/** Figures of a server with one size. */
interface Point {
  readonly startCpuMs: number;
  readonly rssMb: number;
  readonly cpuMicros: number;
}
type Upstreams = Readonly<Record<string, string>>;

export async function runGrowth(options: RunOptions): Promise<ScenarioResult> {
  generateGrowth();
  const child = fork(fileURLToPath(new URL("../growth/upstream.ts", import.meta.url)));
  const [urls] = (await once(child, "message")) as [Record<string, string>];
  const upstreams = addressVariables(urls);
  const some = (sizes: readonly number[]): readonly number[] => (options.quick ? sizes.slice(0, 2) : sizes);
  try {
    const variants = [
      ...(await ofRpcs(some(RPCS), upstreams)),
      ...(await ofUpstreams(some(UPSTREAMS), upstreams)),
      ...(await ofItems(some(ITEMS), upstreams)),
      ...(await ofConnections(some(CONNECTIONS), upstreams)),
      ...(await followersOverWorkers(options.quick)),
      ...(await ofKeys("limits", some(KEYS))),
      ...(await ofKeys("cache", some(KEYS))),
    ];
    return scenarioResult(options, { scenario: "growth", variants, left_out: [], failures: [], rounds: 1 });
  } finally {
    child.disconnect();
  }
}

async function ofRpcs(sizes: readonly number[], upstreams: Upstreams): Promise<VariantResult[]> {
  const points = await each(sizes, (count) =>
    measured(`rpcs${count}`, `GetPage${count - 1}`, upstreams, { id: "a", requests: 10_000 }),
  );
  return sizes.map((count, i) => ({
    name: `${count} rpcs`,
    ...figures(points[i]),
    ...perUnit(points, sizes, i, ({ cpuMicros }) => cpuMicros, 0),
  }));
}
async function ofUpstreams(sizes: readonly number[], upstreams: Upstreams): Promise<VariantResult[]> {
  const points = await each(sizes, (count) =>
    measured("fan", `GetFan${count}`, upstreams, { id: "a", requests: Math.ceil(40_000 / count) }),
  );
  return sizes.map((count, i) => ({
    name: `${count} upstreams`,
    ...figures(points[i]),
    ...perUnit(points, sizes, i, ({ cpuMicros }) => cpuMicros),
  }));
}
async function ofItems(sizes: readonly number[], upstreams: Upstreams): Promise<VariantResult[]> {
  const points = await each(sizes, (count) =>
    measured("list", "GetPage", upstreams, { id: "a", count, requests: Math.ceil(400_000 / (count + 40)) }),
  );
  return sizes.map((count, i) => ({
    name: `${count} items`,
    ...figures(points[i]),
    ...perUnit(points, sizes, i, ({ cpuMicros }) => cpuMicros),
  }));
}

const figures = (point: Point | undefined): Partial<VariantResult> => ({
  ...(point && { start_cpu_ms: point.startCpuMs, rss_mb: point.rssMb, cpu_us_per_request: point.cpuMicros }),
});
/** Cost of a unit, and its ratio to that of the size before. `units` 0: the whole is the unit. */
function perUnit(
  points: readonly Point[],
  sizes: readonly number[],
  at: number,
  cost: (point: Point) => number,
  units = 1,
): Partial<VariantResult> {
  const of = (i: number): number => {
    const point = points[i];
    return point === undefined ? Number.NaN : cost(point) / (units === 0 ? 1 : (sizes[i] ?? 1));
  };
  return { cost_us_per_unit: of(at), ...(at > 0 && { ratio_to_smaller: of(at) / of(at - 1) }) };
}

async function each<Value>(sizes: readonly number[], of: (size: number) => Promise<Value>): Promise<Value[]> {
  const values: Value[] = [];
  for (const size of sizes) values.push(await of(size));
  return values;
}

interface Requested {
  readonly id: string;
  readonly count?: number;
  readonly requests: number;
}

async function measured(composition: string, rpc: string, upstreams: Upstreams, what: Requested): Promise<Point> {
  return withGrown(composition, upstreams, async (server) => {
    const request = requestOf(server, composition, rpc, what);
    await answered(request);
    const started = await server.collect();
    const load = { connections: 4, streams: 8 };
    await h2load(request, { ...load, requests: what.requests });
    const before = await server.usage();
    const { replyBytes } = await h2load(request, { ...load, requests: what.requests });
    const after = await server.usage();
    if (replyBytes !== (await answered(request))) throw new Error(`answers of ${composition} differ`);
    const cpuMicros = (after.cpuMicros - before.cpuMicros) / what.requests;
    console.log(`${composition} ${rpc} ${what.count ?? ""} ${cpuMicros.toFixed(1)} µs/request`);
    return { startCpuMs: started.cpuMicros / 1_000, rssMb: after.rssBytes / 2 ** 20, cpuMicros };
  });
}

async function withGrown<Value>(
  composition: string,
  upstreams: Upstreams,
  use: (server: ServerProcess) => Promise<Value>,
): Promise<Value> {
  const server = await startServer({ entry: `${GENERATED}/grow/${composition}/v1/server.ts`, env: upstreams });
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

function requestOf({ url }: ServerProcess, composition: string, rpc: string, { id, count = 0 }: Requested): Prepared {
  const message = [0x0a, id.length, ...Buffer.from(id)];
  if (count > 0) message.push(0x10, ...[(count & 0x7f) | 0x80, (count >> 7) & 0x7f]);
  return {
    origin: url,
    path: `/grow.${composition}.v1.GrowService/${rpc}`,
    headers: { "content-type": "application/grpc", te: "trailers", "grpc-timeout": "20S" },
    body: framed(Buffer.from(message)),
  };
}
/** Returns the length of the answer. Throws if the request fails. */
async function answered(request: Prepared): Promise<number> {
  const { grpcStatus, body } = await callOnce(request, REQUEST_MS);
  if (grpcStatus !== 0) throw new Error(`${request.path} ends with gRPC status ${grpcStatus}`);
  return body.length;
}

// ---- connections without requests, beside one with requests ----

async function ofConnections(sizes: readonly number[], upstreams: Upstreams): Promise<VariantResult[]> {
  const results: VariantResult[] = [];
  for (const size of sizes) {
    const result = await withGrown("fan", upstreams, (server) => idleBeside(server, size));
    const smaller = results.at(-1)?.cpu_us_per_request;
    results.push({
      ...result,
      ...(smaller !== undefined && { ratio_to_smaller: (result.cpu_us_per_request ?? Number.NaN) / smaller }),
    });
  }
  return results;
}
async function idleBeside(server: ServerProcess, size: number): Promise<VariantResult> {
  const request = requestOf(server, "fan", "GetFan3", { id: "a", requests: 0 });
  const load = { connections: 4, streams: 8, requests: 10_000 };
  await answered(request);
  await h2load(request, load);
  const before = await server.collect();
  const sockets: net.Socket[] = [];
  try {
    while (sockets.length < size)
      sockets.push(
        ...(await Promise.all(
          Array.from({ length: Math.min(AT_A_TIME, size - sockets.length) }, () => dialled(server.url)),
        )),
      );
    const idle = await server.collect();
    const began = await server.usage();
    await h2load(request, load);
    const after = await server.usage();
    const cpuMicros = (after.cpuMicros - began.cpuMicros) / load.requests;
    const kb = (idle.rssBytes - before.rssBytes) / 2 ** 10 / size;
    console.log(`${size} connections ${kb.toFixed(1)} KB each, ${cpuMicros.toFixed(1)} µs/request beside`);
    return {
      name: `${size} connections`,
      rss_mb: idle.rssBytes / 2 ** 20,
      cpu_us_per_request: cpuMicros,
      ...(size >= 1_000 && { kb_per_unit: kb }),
    };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}
/** Opens a connection of HTTP/2 and waits for the server's settings. */
async function dialled(url: string): Promise<net.Socket> {
  const socket = net.connect(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => {}).write(PREFACE);
  await once(socket, "data");
  return socket;
}

// ---- keys of limits and caches ----

async function ofKeys(kind: string, sizes: readonly number[]): Promise<VariantResult[]> {
  const run = promisify(execFile);
  const measure = async (of: string, count: number): Promise<{ ns_per_use: number; rss_mb: number }> => {
    const entry = fileURLToPath(new URL("../growth/keys.ts", import.meta.url));
    const { stdout } = await run(process.execPath, ["--expose-gc", entry, of, String(count)]);
    return JSON.parse(stdout) as { ns_per_use: number; rss_mb: number };
  };
  const results: VariantResult[] = [];
  for (const size of sizes) {
    const bare = await measure("nothing", size);
    const { ns_per_use, rss_mb } = await measure(kind, size);
    const cost = (ns_per_use - bare.ns_per_use) / 1_000;
    const smaller = results.at(-1)?.cost_us_per_unit;
    results.push({
      name: `${size} keys, ${kind}`,
      rss_mb: rss_mb - bare.rss_mb,
      cost_us_per_unit: cost,
      ...(typeof smaller === "number" && { ratio_to_smaller: cost / smaller }),
    });
    console.log(`${size} keys of ${kind} ${cost.toFixed(2)} µs`);
  }
  return results;
}

// Latency at 10, 30, 50 and 70 % of a server's processor, and at one rate for all servers. The server has a
// processor to itself; upstreams and generator are one program in Go on the other, whose own delay is measured.
import { fromBinary } from "@bufbuild/protobuf";
import { HomeService } from "../generated/bench/fanout/v1/fanout_pb.ts";
import { ProfileService } from "../generated/bench/up/v1/up_pb.ts";
import { grpcGo } from "../peers/grpc-go/program.ts";
import { type InstalledProxy, proxies } from "../peers/proxies/programs.ts";
import { startProxy } from "../peers/proxies/start.ts";
import { addressesAt, type Pace, PaceProcess, type PaceResult, paceProgram } from "../rig/pace.ts";
import { ALONE, OTHERS, pin, SERVER } from "../rig/placement.ts";
import { processTree } from "../rig/process-tree.ts";
import {
  type LeftOut,
  type RunOptions,
  type ScenarioResult,
  scenarioResult,
  type VariantResult,
} from "../rig/result.ts";
import { startServer } from "../rig/server-process.ts";
import type { Stalls } from "../rig/stalls.ts";
import { percentile } from "../rig/statistics.ts";
import { forUser, generatedVariant, grpcRequest, type Prepared, peerVariants, type Variant } from "../rig/variant.ts";
import { home, unless } from "./answers.ts";
import { goPeer } from "./go-peers.ts";

const method = HomeService.method.getHome;
const FULL = { warmUp: 8, calibration: 2, seconds: 10 };
const QUICK = { warmUp: 0.5, calibration: 0.5, seconds: 1 };
type Sizes = typeof FULL;
const SHARES = [0.1, 0.3, 0.5, 0.7] as const;
const EQUAL_RATE = 2_000;
/** A cold server has to keep up with it. */
const FIRST_RATE = 100;
const WARM_SHARES = [0.3, 0.5];
const CONNECTIONS = 4;
/** Largest delay of the generator with which a row counts, at the 99th percentile. */
const MAX_LAG_MS = 1;

/** A running server, alone on its processor. */
interface Running {
  readonly request: Prepared;
  cpuMicros(): Promise<number>;
  /** Undefined: it is not in Node. */
  readonly stalls: { count(): Promise<void>; read(): Promise<Stalls> } | undefined;
  stop(): Promise<unknown>;
}
interface Peer {
  readonly name: string;
  readonly builtOf?: string | undefined;
  start(url: string): Promise<Running>;
}

export async function runHalf(options: RunOptions): Promise<ScenarioResult> {
  const built = paceProgram();
  if ("reason" in built) throw new Error(`half needs bench/rig/pace: ${built.reason}`);
  const size = options.quick ? QUICK : FULL;
  const { peers, leftOut } = allPeers(options.only);
  const each = 2 * size.warmUp + (SHARES.length + 1) * size.seconds + (SHARES.length * 2 + 1) * size.calibration;
  console.log(`half takes about ${Math.ceil((peers.length * each) / 60)} minutes`);
  const placed = pin(process.pid, OTHERS);
  const { pace, url } = await PaceProcess.start(built.program);
  const variants: VariantResult[] = [];
  const failures: string[] = [];
  try {
    for (const peer of peers) variants.push(...(await measured(peer, pace, url, size, failures)));
  } finally {
    await pace.stop();
  }
  const left = [...leftOut, ...(placed ? [] : [ALONE])];
  return scenarioResult(options, { scenario: "half", variants, left_out: left, failures, rounds: 1 });
}

function allPeers(only: readonly string[] | undefined): { peers: readonly Peer[]; leftOut: readonly LeftOut[] } {
  const go = goPeer(grpcGo, "fanout", method);
  const envoy = proxies();
  const all = [
    ...[generatedVariant("fanout", method), ...peerVariants("fanout", method, ["connect-node", "grpc-js"])].map(served),
    ...("launch" in go ? [served(go)] : []),
    ...envoy.installed.filter(({ name }) => name === "envoy").map(forwarding),
  ];
  return {
    peers: all.filter(({ name }) => only?.some((start) => name.startsWith(start)) ?? true),
    leftOut: [...("reason" in go ? [go] : []), ...envoy.leftOut.filter(({ name }) => name === "envoy")],
  };
}

function served(variant: Variant): Peer {
  const { name, builtOf, launch } = variant;
  return {
    name,
    builtOf,
    async start(url) {
      const env = { ...addressesAt(url), ...launch.env };
      const server = await startServer({ ...launch, env });
      pin(server.pid, SERVER);
      const stalls = { count: () => server.countStalls(), read: () => server.stalls() };
      return {
        request: grpcRequest(variant, server, forUser(method)),
        cpuMicros: async () => (await server.usage()).cpuMicros,
        stalls: launch.native === true ? undefined : stalls,
        stop: () => server.stop(),
      };
    },
  };
}

/** It forwards one call where the others compose three. */
function forwarding(proxy: InstalledProxy): Peer {
  const call = ProfileService.method.getProfile;
  return {
    name: `${proxy.name}, one call`,
    builtOf: proxy.version,
    async start(url) {
      const { port, pid, stop } = await startProxy(proxy, { "/": Number(new URL(url).port) });
      pin(pid, SERVER);
      return {
        request: grpcRequest({ method: call }, { url: `http://127.0.0.1:${port}` }, forUser(call)),
        cpuMicros: async () => processTree(pid).reduce((sum, { cpuMicros }) => sum + cpuMicros, 0),
        stalls: undefined,
        stop,
      };
    },
  };
}

async function measured(
  peer: Peer,
  pace: PaceProcess,
  url: string,
  size: Sizes,
  failures: string[],
): Promise<VariantResult[]> {
  const server = await peer.start(url);
  const rows: VariantResult[] = [];
  const run = async (perSecond: number, seconds: number) => {
    const of: Pace = { perSecond, seconds, connections: CONNECTIONS };
    const before = await server.cpuMicros();
    const result = await pace.generate(server.request, of);
    const cpuMicros = (await server.cpuMicros()) - before;
    return { result, share: cpuMicros / seconds / 1e6, cpuMicros: cpuMicros / Math.floor(perSecond * seconds) };
  };
  const row = async (name: string, perSecond: number): Promise<void> => {
    await server.stalls?.count();
    const { result, share, cpuMicros } = await run(perSecond, size.seconds);
    const stalls = await server.stalls?.read();
    const found = summary(name, result, { perSecond, share, cpuMicros, stalls, builtOf: peer.builtOf });
    console.log(`${name.padEnd(28)} p99 ${Number(found.p99_ms).toFixed(2)} ms${found.void === true ? ", void" : ""}`);
    rows.push(found);
    failures.push(...wrong(name, result, server.request));
  };
  try {
    let rate = FIRST_RATE;
    let { share: busy } = await run(rate, size.calibration);
    for (const share of WARM_SHARES) {
      rate *= share / busy;
      busy = (await run(rate, size.warmUp)).share;
    }
    rate *= SHARES[0] / busy;
    for (const share of SHARES) {
      // A request costs less at a higher rate, so the rate for a share is found in steps.
      for (let i = 0; i < 2; i++) rate *= share / (await run(rate, size.calibration)).share;
      await row(`${peer.name}, ${share * 100} %`, rate);
    }
    if (rate > EQUAL_RATE) await row(`${peer.name}, ${EQUAL_RATE}/s`, EQUAL_RATE);
  } finally {
    await server.stop();
  }
  return rows;
}

interface Measured {
  readonly perSecond: number;
  readonly share: number;
  readonly cpuMicros: number;
  readonly stalls: Stalls | undefined;
  readonly builtOf: string | undefined;
}
function summary(name: string, { latenciesMs, lagsMs }: PaceResult, of: Measured): VariantResult {
  const [p50, p99, lag] = [percentile(latenciesMs, 0.5), percentile(latenciesMs, 0.99), percentile(lagsMs, 0.99)];
  return {
    name,
    per_second: of.perSecond,
    busy: of.share,
    p50_ms: p50,
    p95_ms: percentile(latenciesMs, 0.95),
    p99_ms: p99,
    p99_by_p50: p99 / p50,
    cpu_us_per_request: of.cpuMicros,
    generator_lag_p99_ms: lag,
    void: lag > MAX_LAG_MS,
    ...(of.stalls !== undefined && { longest_turn_ms: of.stalls.longestTurnMs, gc_p999_ms: of.stalls.pauseP999Ms }),
    ...(of.builtOf !== undefined && { built_of: of.builtOf }),
  };
}

/** Every answer is complete. */
function wrong(name: string, { answers }: PaceResult, { path }: Prepared): readonly string[] {
  return Object.entries(answers).flatMap(([answer, count]) => {
    if (answer === "failed") return [`${name}: ${count} requests have failed`];
    if (!path.endsWith(`/${method.name}`)) return [];
    const message = fromBinary(method.output, Buffer.from(answer, "base64").subarray(5));
    return unless(home)(message, method) === undefined ? [] : [`${name} gives another answer, ${count} times`];
  });
}

// Latency of one composed request, beside a client that makes the same three calls itself over its own connections.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { create, type DescMethodUnary, equals, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { PlaceService } from "../generated/bench/chain/v1/chain_pb.ts";
import { HomeService } from "../generated/bench/fanout/v1/fanout_pb.ts";
import { type AnyComposition, type Caller, FORWARDED } from "../peers/composition.ts";
import { compositions } from "../peers/compositions.ts";
import { h2load } from "../rig/h2load.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "../rig/result.ts";
import { percentile } from "../rig/statistics.ts";
import { startUpstream, type UpstreamProcess } from "../rig/upstream-process.ts";
import { CALLER_HEADERS, forUser, generatedVariant, grpcRequest, withServer } from "../rig/variant.ts";

/** Delay of each direction between the client and whatever it calls; half a round trip. */
const DELAY_MS = 10;
const DEADLINE_MS = 5_000;
const NETWORKS = [
  { name: "loopback", delayMs: 0, requests: 400, warmUp: 300 },
  { name: "20 ms away", delayMs: DELAY_MS, requests: 60, warmUp: 10 },
] as const;
type Network = (typeof NETWORKS)[number];
const ROUNDS = 5;
const QUICK_SHARE = 10;

const HEADERS = FORWARDED.map((name): [string, string] => [name, CALLER_HEADERS[name as keyof typeof CALLER_HEADERS]]);

/** Makes one request; returns its response. */
type Attempt = () => Promise<Message>;

export async function runHop(options: RunOptions): Promise<ScenarioResult> {
  const rounds = options.quick ? 1 : ROUNDS;
  const upstream = await startUpstream();
  const latencies = new Map<string, number[]>();
  try {
    for (let round = 0; round < rounds; round++) {
      for (const method of [HomeService.method.getHome, PlaceService.method.getPlace])
        await measure(method, upstream, options.quick, latencies);
      console.log(`round ${round + 1}`);
    }
  } finally {
    await upstream.stop();
  }
  return scenarioResult(options, {
    scenario: "hop",
    variants: [...latencies].map(([name, values]) => figures(name, values, latencies.get(`${name}, by the client`))),
    left_out: [],
    failures: [],
    rounds,
  });
}

/** Returns the figures of a composed request, or of the client's own calls. */
function figures(name: string, latencies: readonly number[], byClient: readonly number[] | undefined): VariantResult {
  const [bffMs, clientMs] = [latencies, byClient ?? []].map((values) => values.toSorted((a, b) => a - b));
  const at = (share: number) => percentile(bffMs ?? [], share);
  const ratio = (share: number) => at(share) / percentile(clientMs ?? [], share);
  const ratios = byClient === undefined ? {} : { p50_ratio_to_client: ratio(0.5), p99_ratio_to_client: ratio(0.99) };
  return { name, p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99), ...ratios };
}

async function measure(
  method: DescMethodUnary,
  upstream: UpstreamProcess,
  quick: boolean,
  latencies: Map<string, number[]>,
): Promise<void> {
  const [scenario, composition] =
    Object.entries(compositions).find(([, candidate]) => candidate.method === method) ?? [];
  if (scenario === undefined || composition === undefined) throw new Error(`no peer composes ${method.name}`);
  const variant = generatedVariant(scenario, method);
  await withServer(variant, upstream, async (server) => {
    await h2load(grpcRequest(variant, server, forUser(method)), {
      requests: quick ? 500 : 6_000,
      connections: 4,
      streams: 8,
    });
    for (const network of NETWORKS) {
      const line = await delayLine(network, [server.url, ...Object.values(upstream.urls)]);
      try {
        const attempts = attemptsOf(composition, line.transport(server.url), (service) =>
          line.transport(upstream.urls[service] ?? ""),
        );
        await checked(method, attempts);
        const name = `${scenario}, ${network.name}`;
        await timed(attempts.composed, network.warmUp, []);
        await timed(attempts.byClient, network.warmUp, []);
        // In turns, so that both see the same machine.
        const requests = quick ? network.requests / QUICK_SHARE : network.requests;
        for (let turn = 0; turn < 2; turn++) {
          await timed(attempts.composed, requests / 2, ofName(latencies, name));
          await timed(attempts.byClient, requests / 2, ofName(latencies, `${name}, by the client`));
        }
      } finally {
        await line.stop();
      }
    }
  });
}
function ofName(latencies: Map<string, number[]>, name: string): number[] {
  const known = latencies.get(name) ?? [];
  latencies.set(name, known);
  return known;
}

interface Attempts {
  readonly composed: Attempt;
  readonly byClient: Attempt;
}

function attemptsOf(
  { method, compose }: AnyComposition,
  bff: Transport,
  upstream: (service: string) => Transport,
): Attempts {
  const request = forUser(method);
  const unary = async (
    transport: Transport,
    rpc: DescMethodUnary,
    message: MessageInitShape<DescMethodUnary["input"]>,
  ) => (await transport.unary(rpc, undefined, DEADLINE_MS, HEADERS, message)).message;
  const caller: Caller = {
    header: () => "",
    call: ((rpc: DescMethodUnary, message: Message) =>
      unary(upstream(rpc.parent.typeName), rpc, message)) as Caller["call"],
  };
  return {
    composed: () => unary(bff, method, request),
    byClient: async () => create(method.output, await compose(caller, request)),
  };
}

/** @throws if the two responses differ */
async function checked({ output, name }: DescMethodUnary, { composed, byClient }: Attempts): Promise<void> {
  if (!equals(output, await composed(), await byClient())) throw new Error(`${name}: the responses differ`);
}

/** Sends requests one after the other and adds their latencies, in milliseconds. */
async function timed(attempt: Attempt, requests: number, latencies: number[]): Promise<void> {
  for (let sent = 0; sent < requests; sent++) {
    const start = performance.now();
    await attempt();
    latencies.push(performance.now() - start);
  }
}

/** Returns transports to servers on this network. */
async function delayLine({ delayMs }: Network, urls: readonly string[]) {
  const transports = new Map<string, Transport>();
  const settings = { delayMs, ports: urls.map((url) => Number(new URL(url).port)) };
  const child =
    delayMs === 0
      ? undefined
      : fork(fileURLToPath(new URL("../rig/delay-line.ts", import.meta.url)), [JSON.stringify(settings)]);
  const [ports] = child === undefined ? [settings.ports] : ((await once(child, "message")) as [number[]]);
  for (const [index, url] of urls.entries())
    transports.set(url, createGrpcTransport({ baseUrl: `http://127.0.0.1:${ports[index]}` }));
  return {
    transport(url: string): Transport {
      const transport = transports.get(url);
      if (transport === undefined) throw new Error(`no line to ${url}`);
      return transport;
    },
    async stop(): Promise<void> {
      if (child === undefined) return;
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}

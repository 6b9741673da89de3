// Measures the checks at the edge: three limits, a token, a permit and rules for the request, with and without Redis.
import { HomeService } from "../generated/bench/edge/v1/edge_pb.ts";
import { HomeService as OpenService } from "../generated/bench/fanout/v1/fanout_pb.ts";
import { type Callers, startCallers } from "../rig/callers.ts";
import { startRedis } from "../rig/redis.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "../rig/result.ts";
import { startUpstream } from "../rig/upstream-process.ts";
import { generatedVariant, type Variant } from "../rig/variant.ts";
import { charging, fourProcesses } from "./edge-limits.ts";
import { measureAll, OK, type RequestKind, type Summary } from "./request-kinds.ts";

const RESOURCE_EXHAUSTED = 8;
const WITHOUT = "without an edge";
const LOCAL = "local";
const REDIS_PORT = 6398;

export async function runEdge(options: RunOptions): Promise<ScenarioResult> {
  const upstream = await startUpstream();
  const callers = await startCallers();
  const redis = await startRedis(REDIS_PORT);
  try {
    const { rounds, variants } = await measureAll(requestKinds(callers, redis?.url), options.quick, upstream);
    const beside: VariantResult[] = [...(await charging(redis?.url, options.quick))];
    const failures: string[] = [];
    if (redis !== undefined) {
      const load = await fourProcesses(redis.url, options.quick);
      beside.push(load.variant);
      failures.push(...load.failures);
    }
    return scenarioResult(options, {
      scenario: "edge",
      variants: [...withRatios(variants), ...beside],
      left_out: redis === undefined ? [{ name: "Redis", reason: "redis-server is not installed" }] : [],
      failures,
      rounds,
    });
  } finally {
    redis?.stop();
    await callers.close();
    await upstream.stop();
  }
}

/** The first is what those that are answered are compared with, the second what refusals are. */
function requestKinds({ env, tokens }: Callers, redisUrl: string | undefined): readonly RequestKind[] {
  const { getHome, getHomeOnce } = HomeService.method;
  const edge = (name: string, method: Variant["method"], more: Readonly<Record<string, string>> = {}): Variant => {
    const variant = generatedVariant("edge", method, name);
    return { ...variant, launch: { ...variant.launch, env: { ...env, BFF_LOG: "off", ...more } } };
  };
  const headers = { authorization: `Bearer ${tokens.good}` };
  const refused = { headers, status: RESOURCE_EXHAUSTED, first: true };
  const shared = { BFF_STATE_REDIS_URL: redisUrl ?? "" };
  return [
    { variant: generatedVariant("fanout", OpenService.method.getHome, WITHOUT), headers: {}, status: OK },
    { variant: edge(LOCAL, getHome), headers, status: OK },
    ...(redisUrl === undefined ? [] : [{ variant: edge("Redis", getHome, shared), headers, status: OK }]),
    ...(redisUrl === undefined ? [] : [{ variant: edge("refused, Redis", getHomeOnce, shared), ...refused }]),
  ];
}

function withRatios(variants: readonly Summary[]): VariantResult[] {
  const cpu = (name: string) => variants.find((variant) => variant.name === name)?.cpu_us_per_request ?? Number.NaN;
  return variants.map(({ status, ...variant }) => {
    const cost = variant.cpu_us_per_request ?? Number.NaN;
    return status === OK
      ? { ...variant, ratio_to_open: cost / cpu(WITHOUT) }
      : { ...variant, ratio_to_answered: cost / cpu(LOCAL) };
  });
}

// Measures the cost of authenticating the caller, evaluating the permit, and passing the identity to three upstreams;
// also the cost of refusals.
import { HomeService as OpenService } from "../generated/bench/fanout/v1/fanout_pb.ts";
import { HomeService } from "../generated/bench/identity/v1/identity_pb.ts";
import { type Callers, startCallers } from "../rig/callers.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "../rig/result.ts";
import { startUpstream } from "../rig/upstream-process.ts";
import { generatedVariant, type Variant } from "../rig/variant.ts";
import { lookUps } from "./identity-look-ups.ts";
import { measureAll, OK, type RequestKind, type Summary } from "./request-kinds.ts";

const PERMISSION_DENIED = 7;
const UNAUTHENTICATED = 16;

export async function runIdentity(options: RunOptions): Promise<ScenarioResult> {
  const upstream = await startUpstream();
  const callers = await startCallers();
  try {
    const { rounds, variants } = await measureAll(requestKinds(callers), options.quick, upstream);
    const beside = await lookUps(callers, options.quick);
    return scenarioResult(options, {
      scenario: "identity",
      variants: [...withRatios(variants), ...beside.variants],
      left_out: beside.leftOut,
      failures: [],
      rounds,
    });
  } finally {
    await callers.close();
    await upstream.stop();
  }
}

/** The first is what those that are answered are compared with, the second what refusals are. */
function requestKinds({ env, tokens, keys }: Callers): readonly RequestKind[] {
  const known = (name: string): Variant => {
    const variant = generatedVariant("identity", HomeService.method.getHome, name);
    return { ...variant, launch: { ...variant.launch, env } };
  };
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  return [
    { variant: generatedVariant("fanout", OpenService.method.getHome, WITHOUT), headers: {}, status: OK },
    { variant: known(WARM), headers: bearer(tokens.good), status: OK },
    { variant: known("API key"), headers: { "x-api-key": keys.good }, status: OK },
    { variant: LEAST, headers: {}, status: UNAUTHENTICATED },
    { variant: known("expired token"), headers: bearer(tokens.expired), status: UNAUTHENTICATED },
    { variant: known("bad key"), headers: { "x-api-key": keys.unknown }, status: UNAUTHENTICATED },
    { variant: known("refused permit"), headers: bearer(tokens.other), status: PERMISSION_DENIED },
  ];
}
/** Under all refusals: what node:http2 takes to read a request and to write a status. */
const LEAST: Variant = {
  name: "node:http2 alone",
  method: OpenService.method.getHome,
  launch: { entry: "bench/rig/refusing-server.ts" },
};
const WITHOUT = "without identity";
const WARM = "token";

function withRatios(variants: readonly Summary[]): VariantResult[] {
  const cpu = (name: string) => variants.find((variant) => variant.name === name)?.cpu_us_per_request ?? Number.NaN;
  return variants.map(({ status, ...variant }) => {
    const cost = variant.cpu_us_per_request ?? Number.NaN;
    if (status === OK) return { ...variant, ratio_to_without: cost / cpu(WITHOUT) };
    return {
      ...variant,
      ratio_to_answered: cost / cpu(WARM),
      ratio_above_least: (cost - cpu(LEAST.name)) / cpu(WARM),
    };
  });
}

// Measures the cost of authenticating the caller, evaluating the permit, and passing the identity to three upstreams.
import { HomeService as OpenService } from "../generated/bench/fanout/v1/fanout_pb.ts";
import { HomeService } from "../generated/bench/identity/v1/identity_pb.ts";
import { type Callers, startCallers } from "../rig/callers.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "../rig/result.ts";
import { startUpstream } from "../rig/upstream-process.ts";
import { generatedVariant, type Variant } from "../rig/variant.ts";
import { lookUps } from "./identity-look-ups.ts";
import { measureAll, OK, type RequestKind, type Summary } from "./request-kinds.ts";

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

/** The others are compared with the first. */
function requestKinds({ env, tokens, keys }: Callers): readonly RequestKind[] {
  const known = (name: string): Variant => {
    const variant = generatedVariant("identity", HomeService.method.getHome, name);
    return { ...variant, launch: { ...variant.launch, env } };
  };
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  return [
    { variant: generatedVariant("fanout", OpenService.method.getHome, WITHOUT), headers: {}, status: OK },
    { variant: known("token"), headers: bearer(tokens.good), status: OK },
    { variant: known("API key"), headers: { "x-api-key": keys.good }, status: OK },
  ];
}
const WITHOUT = "without identity";

function withRatios(variants: readonly Summary[]): VariantResult[] {
  const cpu = (name: string) => variants.find((variant) => variant.name === name)?.cpu_us_per_request ?? Number.NaN;
  return variants.map(({ status: _, ...variant }) => ({
    ...variant,
    ratio_to_without: (variant.cpu_us_per_request ?? Number.NaN) / cpu(WITHOUT),
  }));
}

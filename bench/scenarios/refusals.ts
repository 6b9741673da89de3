// Measures the CPU of refused requests against answered ones of the same server, with the access log off and the audit on.
import { create, type DescMethodUnary, type Message } from "@bufbuild/protobuf";
import { HomeService as EdgeService, GetHomeRequestSchema } from "../generated/bench/edge/v1/edge_pb.ts";
import { HomeService as OtherService } from "../generated/bench/fanout/v1/fanout_pb.ts";
import { HomeService } from "../generated/bench/identity/v1/identity_pb.ts";
import { type Callers, startCallers } from "../rig/callers.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "../rig/result.ts";
import { startUpstream } from "../rig/upstream-process.ts";
import { generatedVariant, type Variant } from "../rig/variant.ts";
import { measureAll, OK, type RequestKind, type Summary } from "./request-kinds.ts";

const INVALID_ARGUMENT = 3;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const UNIMPLEMENTED = 12;
const UNAUTHENTICATED = 16;

const ANSWERED = "answered";
const ANSWERED_AT_EDGE = "answered at the edge";
/** Elements that a request may contain, and those of the request that is refused. */
const MAX_ELEMENTS = 10;
const ELEMENTS = 20;

export async function runRefusals(options: RunOptions): Promise<ScenarioResult> {
  const upstream = await startUpstream();
  const callers = await startCallers();
  try {
    const [identity, edge] = [identityKinds(callers), edgeAskings(callers)];
    const { rounds, variants } = await measureAll([LEAST, ...identity, ...edge], options.quick, upstream);
    const at = new Set(edge.map(({ variant }) => variant.name));
    return scenarioResult(options, {
      scenario: "refusals",
      variants: variants.map((variant) => withRatio(variant, variants, at.has(variant.name))),
      left_out: [],
      failures: [],
      rounds,
    });
  } finally {
    await callers.close();
    await upstream.stop();
  }
}

/** The minimum: node:http2 reads a request and writes a status. */
const LEAST: RequestKind = {
  variant: {
    name: "node:http2 alone",
    method: HomeService.method.getHome,
    launch: { entry: "bench/rig/refusing-server.ts" },
  },
  headers: {},
  status: UNAUTHENTICATED,
};

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

function server(composition: string, { env, audit }: Callers) {
  return (name: string, method: DescMethodUnary): Variant => {
    const variant = generatedVariant(composition, method, name);
    const more = { ...env, BFF_LOG: "off", BFF_AUDIT: audit, BFF_MAX_ELEMENTS: String(MAX_ELEMENTS) };
    return { ...variant, launch: { ...variant.launch, env: more } };
  };
}

function identityKinds(callers: Callers): readonly RequestKind[] {
  const { tokens, keys } = callers;
  const { getHome } = HomeService.method;
  const variant = server("identity", callers);
  const unauthenticated = (name: string, headers: RequestKind["headers"]): RequestKind => {
    return { variant: variant(name, getHome), headers, status: UNAUTHENTICATED };
  };
  return [
    { variant: variant(ANSWERED, getHome), headers: bearer(tokens.good), status: OK },
    {
      variant: variant("unknown path", OtherService.method.getHome),
      headers: bearer(tokens.good),
      status: UNIMPLEMENTED,
    },
    unauthenticated("no token", { "x-client": "bench" }),
    unauthenticated("expired token", bearer(tokens.expired)),
    unauthenticated("unknown API key", { "x-api-key": keys.unknown }),
    { variant: variant("scope is missing", getHome), headers: bearer(tokens.unscoped), status: PERMISSION_DENIED },
    { variant: variant("permit's condition", getHome), headers: bearer(tokens.other), status: PERMISSION_DENIED },
  ];
}

function edgeAskings(callers: Callers): readonly RequestKind[] {
  const { getHome, getHomeOnce, getHomeFromHere } = EdgeService.method;
  const variant = server("edge", callers);
  const headers = bearer(callers.tokens.good);
  const limited = { headers, status: RESOURCE_EXHAUSTED, first: true };
  return [
    { variant: variant(ANSWERED_AT_EDGE, getHome), headers, status: OK },
    { variant: variant("limit before identity", getHomeFromHere), ...limited },
    { variant: variant("limit by caller", getHomeOnce), ...limited },
    {
      variant: variant("too many elements", getHome),
      headers,
      status: INVALID_ARGUMENT,
      message: ofElements(),
    },
  ];
}
function ofElements(): Message {
  return create(GetHomeRequestSchema, {
    userId: "user-0123456789",
    tags: Array.from({ length: ELEMENTS }, (_, i) => `tag-${i}`),
  });
}

function withRatio({ status, ...variant }: Summary, all: readonly Summary[], atEdge: boolean): VariantResult {
  if (status === OK) return variant;
  const partner = all.find(({ name }) => name === (atEdge ? ANSWERED_AT_EDGE : ANSWERED));
  return {
    ...variant,
    ratio_to_answered: (variant.cpu_us_per_request ?? Number.NaN) / (partner?.cpu_us_per_request ?? Number.NaN),
  };
}

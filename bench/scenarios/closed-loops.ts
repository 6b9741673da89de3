// The scenarios with a closed loop: the cost of a request.
import { create, type DescMethodUnary, type Message } from "@bufbuild/protobuf";
import { DashboardService, GetDashboardRequestSchema } from "../../generated/web/v1/web_pb.ts";
import { HomeService as BareService } from "../generated/bench/bare/v1/bare_pb.ts";
import { FileService } from "../generated/bench/blob/v1/blob_pb.ts";
import { PlaceService } from "../generated/bench/chain/v1/chain_pb.ts";
import { HomeService } from "../generated/bench/fanout/v1/fanout_pb.ts";
import { HomeService as HalfService } from "../generated/bench/half/v1/half_pb.ts";
import { FeedService } from "../generated/bench/list/v1/list_pb.ts";
import { HomeService as MaskedService } from "../generated/bench/masked/v1/masked_pb.ts";
import { HomeService as PartsService } from "../generated/bench/parts/v1/parts_pb.ts";
import {
  ItemService,
  ProfileService,
  RegionService,
  SettingsService,
  TeamService,
} from "../generated/bench/up/v1/up_pb.ts";
import type { ClosedLoop } from "../rig/closed-loop.ts";
import type { VariantResult } from "../rig/result.ts";
import { profile, settings } from "../rig/upstream-data.ts";
import { forUser, generatedVariant, peerVariants, type Variant } from "../rig/variant.ts";
import { dashboard, feed, file, home, place, unless, unlessWithout } from "./answers.ts";
import { goPeers } from "./go-peers.ts";

function against(composition: string, method: DescMethodUnary): Variant[] {
  return [generatedVariant(composition, method), ...peerVariants(composition, method)];
}
function onBothServers(ours: Variant, composition: string): Variant[] {
  return [ours, overOtherServer(ours), ...peerVariants(composition, ours.method)];
}

const exampleOfOurs: Variant = {
  name: "protobff",
  method: DashboardService.method.getDashboard,
  launch: { entry: "generated/web/v1/server.ts" },
};

/**
 * Selects the server framing that is not the default, so that one run measures both. Towards upstreams both use our
 * own. DEFAULT_SERVER_HTTP2 in packages/server/src/http2/client-http2.ts is the default.
 */
function overOtherServer(variant: Variant): Variant {
  return { ...variant, name: "protobff-node-server", launch: { ...variant.launch, env: { BFF_HTTP2_SERVER: "node" } } };
}

/** The same, warmed up before it listens, as the deploy files have it. */
function warmedUp(variant: Variant): Variant {
  const { env } = variant.launch;
  return { ...variant, name: "protobff-warmed-up", launch: { ...variant.launch, env: { ...env, BFF_WARM_UP: "3s" } } };
}

/** The same, with node:http2 in place of our own framing towards the upstreams. */
function overNodeHttp2(variant: Variant): Variant {
  return { ...variant, name: "protobff-on-node-http2", launch: { ...variant.launch, env: { BFF_HTTP2: "node" } } };
}

const masked = "bench/generated/bench/masked/v1/server.ts";
/** A mask selects two of three parts; without one, all three. */
const maskVariants: readonly Variant[] = [
  generatedVariant("fanout", HomeService.method.getHome, "no-masks"),
  { name: "unmasked", method: MaskedService.method.getHome, launch: { entry: masked } },
  { name: "protobff", method: MaskedService.method.getParts, launch: { entry: masked } },
  generatedVariant("half", HalfService.method.getHome, "by-hand"),
];
function maskRequest(method: DescMethodUnary): Message {
  const paths = method === MaskedService.method.getParts ? ["profile", "settings"] : [];
  return create(method.input, { userId: "user-0123456789", ...(paths.length > 0 && { fields: { paths } }) });
}

export const closedLoops: readonly ClosedLoop[] = [
  {
    name: "fanout",
    variants: [
      ...onBothServers(generatedVariant("fanout", HomeService.method.getHome), "fanout"),
      overNodeHttp2(generatedVariant("fanout", HomeService.method.getHome)),
      warmedUp(generatedVariant("fanout", HomeService.method.getHome)),
    ],
    peers: () => goPeers("fanout", HomeService.method.getHome),
    forwarded: [ProfileService.method.getProfile, ItemService.method.listItems, SettingsService.method.getSettings],
    request: forUser,
    freshIds: true,
    faultOf: unless(home),
    failures: (variants) => [...callsOf(variants, 3), ...slowPaths(variants)],
  },
  {
    name: "example",
    variants: [...onBothServers(exampleOfOurs, "example"), overNodeHttp2(exampleOfOurs)],
    peers: () => goPeers("example", DashboardService.method.getDashboard),
    request: () => create(GetDashboardRequestSchema, { workspaceId: "atlas", userId: "u-ada" }),
    freshIds: true,
    faultOf: unless(() => dashboard),
    // one call may take 80 ms, which a saturated server misses now and then: the answer is then one part shorter and an entry longer
    size: { lengthTolerance: 0.01 },
    failures: (variants) => callsOf(variants, 6),
  },
  {
    name: "chain",
    variants: onBothServers(generatedVariant("chain", PlaceService.method.getPlace), "chain"),
    peers: () => goPeers("chain", PlaceService.method.getPlace),
    forwarded: [ProfileService.method.getProfile, TeamService.method.getTeam, RegionService.method.getRegion],
    request: forUser,
    freshIds: true,
    faultOf: unless(() => place),
    failures: (variants) => callsOf(variants, 3),
  },
  {
    name: "list",
    variants: onBothServers(generatedVariant("list", FeedService.method.getFeed), "list"),
    peers: () => goPeers("list", FeedService.method.getFeed),
    request: ({ input }) => create(input, { feedId: "feed-1" }),
    freshIds: true,
    faultOf: unless(() => feed),
    failures: (variants) => callsOf(variants, 2),
  },
  {
    name: "bytes",
    variants: against("blob", FileService.method.getFile),
    request: ({ input }) => create(input, { id: "file-1" }),
    faultOf: unless(() => file),
    size: { connections: 2, streams: 1, first: 10, warmUp: 100, measured: 200 },
    comparedWith: "raw-http2",
  },
  {
    name: "json",
    // grpc-js does not support Connect.
    variants: [
      generatedVariant("fanout", HomeService.method.getHome),
      { ...generatedVariant("fanout", HomeService.method.getHome, "protobff-grpc"), json: false },
      ...peerVariants("fanout", HomeService.method.getHome, ["connect-node", "raw-http2"]),
    ],
    request: forUser,
    freshIds: true,
    faultOf: unless(home),
    json: true,
    comparedWith: "protobff-grpc",
  },
  {
    name: "policies",
    variants: [
      generatedVariant("fanout", HomeService.method.getHome),
      generatedVariant("bare", BareService.method.getHome, "policies-off"),
    ],
    request: forUser,
    faultOf: unless(home),
    comparedWith: "policies-off",
  },
  {
    name: "masks",
    variants: maskVariants,
    request: maskRequest,
    faultOf: (answer, method) => {
      const whole = method === HomeService.method.getHome || method === MaskedService.method.getHome;
      return unless((schema) => (whole ? home(schema) : create(schema, { profile, settings })))(answer, method);
    },
    // A difference of 5 % shows only after compilers have settled.
    size: { warmUp: 12_000, measured: 30_000 },
    comparedWith: "by-hand",
  },
  {
    name: "dead",
    variants: against("parts", PartsService.method.getHome),
    request: forUser,
    faultOf: unlessWithout("settings"),
    // nothing listens there
    env: { BENCH_UP_V1_SETTINGSSERVICE_URL: "http://127.0.0.1:1" },
    // A call may be a probe of the breaker, whose degradation has a different reason.
    size: { lengthTolerance: 0.02 },
  },
];

/** Selects our own variants, on either server; the checks do not bind peers. */
function ofOurs(variants: readonly VariantResult[]): readonly VariantResult[] {
  return variants.filter(({ name }) => name === "protobff" || name === "protobff-node-server");
}
function callsOf(variants: readonly VariantResult[], expected: number): string[] {
  return ofOurs(variants)
    .filter(({ upstream_calls_per_request: calls }) => calls !== expected)
    .map(
      ({ name, upstream_calls_per_request: calls }) =>
        `${name} makes ${calls} upstream calls per request in place of ${expected}`,
    );
}

/** Returns the requests of our variants that missed their fast path, if the runtime counts them. */
function slowPaths(variants: readonly VariantResult[]): string[] {
  return ofOurs(variants).flatMap(({ name, fast_paths }) =>
    Object.entries(fast_paths ?? {})
      .filter(([, { fast, all }]) => fast < all)
      .map(([what, { fast, all }]) => `${fast} of ${all} ${what} of ${name} took the fast path`),
  );
}

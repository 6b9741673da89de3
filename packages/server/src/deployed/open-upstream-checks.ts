import type { DescService } from "@bufbuild/protobuf";
import { systemClock } from "@protobff/runtime/internal/clock";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import { GrpcClient } from "@protobff/runtime/internal/transport/grpc/grpc-client";
import { connectionOf } from "@protobff/runtime/internal/transport/grpc/grpc-connection";
import type { UnaryClient } from "@protobff/runtime/internal/transport/unary-client";
import { frame } from "@protobff/runtime/internal/wire/frame";
import type { Upstreams } from "../explorer/live.ts";
import type { ShownUpstream } from "../explorer/page-data.ts";
import { gauge } from "../metrics/family.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { labelled } from "../metrics/series.ts";
import type { Family, Sample } from "../metrics/snapshot.ts";
import type { UpstreamUses } from "./compare-uses.ts";
import { UpstreamCheck, type UpstreamState } from "./upstream-check.ts";

/** Loads the used parts of upstreams, by the names of upstreams. */
export type LoadUses = () => Promise<Readonly<Record<string, UpstreamUses>>>;

/** Comparisons of the deployed upstreams with the protos of this server. */
export interface UpstreamChecks {
  /** Resolves when no upstream differs. Those that cannot be compared do not count. Undefined: nothing waits for it. */
  readonly opened: Promise<void> | undefined;
  close(): void;
}

/** Maximum number of differences that are shown of an upstream. */
const MAX_DRIFTS = 20;
/** Time after which an upstream without a result delays readiness no longer, in milliseconds. */
const UNKNOWN_AFTER_MS = 10_000;
/** Longest time of the call that opens a connection, in milliseconds. */
const CONNECT_MS = 5_000;

interface Drifted {
  readonly service: string;
  /** Branch or shard. */
  readonly part: string | undefined;
  readonly check: Pick<UpstreamCheck, "state">;
}
interface OpenCheck extends Drifted {
  readonly check: UpstreamCheck;
  readonly client: UnaryClient;
}

interface Observing {
  readonly fault: ServerFault;
  readonly metrics: Pick<Metrics, "add"> | undefined;
  readonly explorer: { readonly upstreams: Pick<Upstreams, "deployed"> } | undefined;
}

/** @param clients by upstream, branch and shard, as `agent` and `agent.canary` */
export async function openUpstreamChecks(
  { upstreamCheck: mode }: { readonly upstreamCheck: string },
  {
    upstreams,
    uses: load,
  }: { readonly upstreams: Readonly<Record<string, DescService>>; readonly uses?: LoadUses | undefined },
  clients: Readonly<Record<string, UnaryClient>>,
  { fault, metrics, explorer }: Observing,
): Promise<UpstreamChecks> {
  const all = (await load?.()) ?? {};
  const checks = Object.entries(clients).flatMap(([key, client]): readonly OpenCheck[] => {
    const [name = "", part] = key.split(".");
    const [service, uses] = [upstreams[name], all[name]];
    if (service === undefined || uses === undefined || !(client instanceof GrpcClient)) return [];
    const place = part === undefined ? service.typeName : `${service.typeName} (${part})`;
    const check = new UpstreamCheck({ service, name: place, uses, clock: systemClock, fault });
    client.onSession((pool, session, address, held) => check.connected(connectionOf(pool, session, address, held)));
    return [{ service: service.typeName, part, check, client }];
  });
  metrics?.add(() => [familyOf(checks)]);
  if (explorer !== undefined)
    explorer.upstreams.deployed = (service, branch) => {
      const found = checks.find((of) => of.service === service && of.part === branch);
      return found && shownState(found.check.state);
    };
  return {
    opened: mode === "ready" ? Promise.all(checks.map(opened)).then(() => {}) : undefined,
    close: () => {
      for (const { check } of checks) check.close();
    },
  };
}

function shownState(of: UpstreamState): ShownUpstream["deployed"] {
  if (of.state === "unknown") return { state: of.state, texts: [of.reason] };
  return { state: of.state, texts: of.state === "drift" ? of.drifts.slice(0, MAX_DRIFTS).map(({ text }) => text) : [] };
}

/** Returns the metric of these upstreams. */
export function familyOf(checks: readonly Drifted[]): Family {
  const help = "How many elements a deployed upstream lacks, or has otherwise than the protos of this server.";
  return gauge("bff_upstream_drift", help, checks.flatMap(samplesOf), "max");
}
function samplesOf({ service, part = "", check: { state } }: Drifted): readonly Sample[] {
  const drifts = state.state === "drift" ? state.drifts : [];
  return [...Map.groupBy(drifts, ({ kind }) => kind)].map(([kind, { length }]) => ({
    labels: labelled(["upstream", "branch", "kind"], [service, part, kind]),
    value: length,
  }));
}

/** Connects to an upstream, and resolves when it does not differ, or cannot be compared. */
async function opened({ check, client }: OpenCheck): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = (): void => {
    if (check.state.state !== "drift") resolve();
  };
  check.onChecked = look;
  const timer = setTimeout(look, UNKNOWN_AFTER_MS);
  // Any call opens a connection.
  const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
  client.send(path, frame(new Uint8Array()), CONNECT_MS, undefined, 1, { replied: () => {}, faulted: () => {} });
  await promise;
  clearTimeout(timer);
  check.onChecked = undefined;
}

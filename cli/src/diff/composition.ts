// All plans of one side, by name.
import type { Edge, FileReport, MessageReport, RpcReport, StepReport, UpstreamReport } from "protoc-gen-bff/compiler";

/** Steps that see each other: of a message, of a service's `let`, of a permit. */
export interface Block {
  readonly name: string;
  readonly kind: "message" | "service" | "permit";
  readonly steps: readonly StepReport[];
  readonly edges: readonly Edge[];
  readonly degrades: MessageReport["degrades"];
  readonly fields: NonNullable<MessageReport["fields"]>;
  /** Steps of services that it reads. */
  readonly shared: readonly string[];
  /** The composed message of which it is a part. */
  readonly subset?: MessageReport["subset"];
}
export interface Composition {
  readonly rpcs: ReadonlyMap<string, RpcReport>;
  readonly blocks: ReadonlyMap<string, Block>;
  readonly upstreams: ReadonlyMap<string, UpstreamReport>;
  /** The rpcs that reach a block. */
  readonly reachedBy: ReadonlyMap<string, readonly string[]>;
}

export function compositionOf(reports: readonly FileReport[]): Composition {
  const rpcs = reports.flatMap((report) => report.rpcs);
  const blocks = new Map<string, Block>();
  for (const report of reports) {
    for (const { message: name, steps, edges, degrades, fields = [], shared = [], subset } of report.messages)
      blocks.set(name, { name, kind: "message", steps, edges, degrades, fields, shared, subset });
    for (const { service: name, steps, edges } of report.services ?? [])
      blocks.set(name, { name, kind: "service", steps, edges, degrades: [], fields: [], shared: [] });
  }
  for (const { rpc, permit } of rpcs)
    if (permit?.steps !== undefined) blocks.set(permitOf(rpc), permitBlock(permitOf(rpc), permit.steps));
  return {
    rpcs: new Map(rpcs.map((rpc) => [rpc.rpc, rpc])),
    blocks,
    upstreams: new Map(
      reports.flatMap(({ upstreams = [] }) => upstreams.map((upstream) => [upstream.upstream, upstream])),
    ),
    reachedBy: reachedBy(rpcs, reports, blocks),
  };
}

/** Name of the block of a permit's steps. */
export const permitOf = (rpc: string): string => `${rpc} permit`;
const permitBlock = (name: string, steps: readonly StepReport[]): Block => ({
  name,
  kind: "permit",
  steps,
  edges: [],
  degrades: [],
  fields: [],
  shared: [],
});

function reachedBy(
  rpcs: readonly RpcReport[],
  reports: readonly FileReport[],
  blocks: ReadonlyMap<string, Block>,
): ReadonlyMap<string, readonly string[]> {
  const startedBy = new Map(
    reports.flatMap(({ services = [] }) =>
      services.map(({ service, steps }) => [service, new Set(steps.flatMap((step) => step.started_by))] as const),
    ),
  );
  const found = new Map<string, string[]>();
  for (const { rpc, composes } of rpcs) {
    const [service = "", method = ""] = rpc.split("/");
    const open = [composes, permitOf(rpc), ...(startedBy.get(service)?.has(method) ? [service] : [])];
    const reached = new Set<string>();
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (reached.has(name)) continue;
      reached.add(name);
      found.set(name, [...(found.get(name) ?? []), rpc]);
      open.push(...(blocks.get(name)?.steps ?? []).flatMap((step) => step.composes ?? []));
    }
  }
  return found;
}

/** `DashboardService/GetDashboard`, `Dashboard` */
export function shortName(name: string): string {
  const slash = name.indexOf("/");
  return name.slice(name.lastIndexOf(".", slash < 0 ? undefined : slash) + 1);
}

// The parts of a plan that the page reads (plan=json, docs/runtime.md), and the graph of one RPC.

interface StepReport {
  readonly step: string;
  readonly kind: string;
  readonly call?: { readonly method: string; readonly timeout_ms: number | null; readonly attempts: number };
  readonly composes?: string;
  readonly each?: { readonly max: number | null };
  readonly if?: string;
  readonly side_effects?: true;
  readonly on_failure?: string;
}
interface Edge {
  readonly from: string;
  readonly to: string;
  readonly kind: string;
}
interface RpcReport {
  readonly rpc: string;
  readonly composes: string;
  readonly budget_ms: number;
  readonly worst_calls: number | null;
  readonly permit?: { readonly steps?: readonly StepReport[] };
  /** Fields that depend on the client. */
  readonly fields?: { readonly mask?: string };
  /** Steps that a stream runs once, before its first item. */
  readonly stream?: { readonly opening?: { readonly steps: readonly StepReport[]; readonly edges: readonly Edge[] } };
  readonly critical_path: readonly { readonly step: string; readonly ms: number }[];
}
interface MessageReport {
  readonly message: string;
  readonly unreviewed?: readonly Unreviewed[];
  readonly steps: readonly StepReport[];
  readonly edges: readonly Edge[];
}
interface ServiceReport {
  readonly service: string;
  readonly steps: readonly (StepReport & { readonly started_by: readonly string[] })[];
  readonly edges: readonly Edge[];
}
interface FileReport {
  readonly rpcs: readonly RpcReport[];
  readonly services?: readonly ServiceReport[];
  readonly messages: readonly MessageReport[];
}

/** A message that `protobff init` has made public, and its fields. */
interface Unreviewed {
  readonly message: string;
  readonly fields: readonly string[];
}

/** Returns true if clients choose fields of the rpc's answers. */
export function choosesFields(files: readonly unknown[] | undefined, rpc: string): boolean {
  const all = ((files ?? []) as readonly FileReport[]).flatMap(({ rpcs }) => rpcs);
  return all.find((report) => report.rpc === rpc)?.fields?.mask !== undefined;
}

/** Returns all unreviewed messages, each once. */
export function unreviewedOf(files: readonly unknown[]): readonly Unreviewed[] {
  const all = (files as readonly FileReport[]).flatMap(({ messages }) =>
    messages.flatMap((message) => message.unreviewed ?? []),
  );
  return [...new Map(all.map((unreviewed) => [unreviewed.message, unreviewed])).values()];
}

/** One step, in any block. */
export interface GraphNode {
  readonly step: StepReport;
  /** Block of the step: a message, `let` of a service, `permit`, or the `opening` of a stream. */
  readonly of: string;
}
interface GraphEdge {
  readonly from: number;
  readonly to: number;
  /** `composes`: the steps of the message that it composes. */
  readonly kind: string;
}
export interface Graph {
  readonly rpc: RpcReport;
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/**
 * Returns the graph of one RPC, with all its steps: those of its permit, of its service, of its opening and of its
 * messages.
 */
export function graphOf(files: readonly unknown[], name: string): Graph | undefined {
  const file = (files as readonly FileReport[]).find(({ rpcs }) => rpcs.some(({ rpc }) => rpc === name));
  const rpc = file?.rpcs.find((rpc) => rpc.rpc === name);
  if (file === undefined || rpc === undefined) return undefined;
  const nodes: GraphNode[] = [];
  const edges: GraphEdge[] = [];
  const blocks = new Map<string, Map<string, number>>();
  const add = (of: string, steps: readonly StepReport[]): Map<string, number> => {
    const found = new Map(steps.map((step) => [step.step, nodes.push({ step, of }) - 1] as const));
    blocks.set(of, found);
    return found;
  };
  const join = (all: readonly Edge[], ...places: readonly ReadonlyMap<string, number>[]): void => {
    const at = (step: string) => places.map((place) => place.get(step)).find((index) => index !== undefined);
    for (const { from, to, kind } of all) {
      const [a, b] = [at(from), at(to)];
      if (a !== undefined && b !== undefined) edges.push({ from: a, to: b, kind });
    }
  };
  add("permit", rpc.permit?.steps ?? []);
  const slash = name.indexOf("/");
  const service = file.services?.find((service) => service.service === name.slice(0, slash));
  const method = name.slice(slash + 1);
  const shared = add("let", service?.steps.filter(({ started_by: by }) => by.includes(method)) ?? []);
  join(service?.edges ?? [], shared);
  const { steps: once = [], edges: between = [] } = rpc.stream?.opening ?? {};
  const opened = add("opening", once);
  join(between, opened, shared);
  const messages = new Map(file.messages.map((message) => [message.message, message]));
  const reached = [rpc.composes, ...once.flatMap(({ composes }) => composes ?? [])];
  for (const type of reached) {
    const message = messages.get(type);
    if (message === undefined || blocks.has(type)) continue;
    join(message.edges, add(type, message.steps), opened, shared);
    reached.push(...message.steps.flatMap(({ composes }) => composes ?? []));
  }
  compose(nodes, edges, blocks);
  return { rpc, nodes, edges };
}

/** Adds edges from a step to the first steps of the message that it composes. */
function compose(
  nodes: readonly GraphNode[],
  edges: GraphEdge[],
  blocks: ReadonlyMap<string, ReadonlyMap<string, number>>,
): void {
  // Only edges within a message count: a step that waits for a step of the service alone is still a first step.
  const follows = new Set(edges.filter(({ from, to }) => nodes[from]?.of === nodes[to]?.of).map(({ to }) => to));
  nodes.forEach(({ step }, from) => {
    for (const to of blocks.get(step.composes ?? "")?.values() ?? [])
      if (!follows.has(to)) edges.push({ from, to, kind: "composes" });
  });
}

// Plans of BFFs: the files that the plugin option `plan=json` writes.
import {
  type BehaviourReport,
  type FileReport,
  jsonFaultAt,
  originAt,
  parentName,
  shortName,
} from "protoc-gen-bff/compiler";
import { isObject } from "../contract/json.ts";

/** A plan of one proto file. */
export interface PlanFile {
  /** Name of the proto, as in the lock. */
  readonly file: string;
  readonly rpcs: readonly PlannedRpc[];
  readonly behaviour: BehaviourReport;
}
/** An rpc of a BFF. */
export interface PlannedRpc {
  readonly rpc: string;
  /** Methods of upstreams that it may call, sorted. */
  readonly methods: readonly string[];
  /** Methods that it calls only if no NATS delivers the topic. */
  readonly withoutNats: ReadonlySet<string>;
}

/** Fault of a text, with its place. */
interface PlanFault {
  readonly message: string;
  readonly at: { readonly line: number; readonly column: number };
}

/** Reads a plan. Returns a fault with its place if the text is no plan that this version reads. */
export function parsePlan(text: string, path: string): PlanFile | PlanFault {
  const fault = (message: string, offset = 0): PlanFault => ({ message, at: originAt(text, path, offset) });
  let plan: unknown;
  try {
    plan = JSON.parse(text);
  } catch {
    return fault("it is not JSON", jsonFaultAt(text));
  }
  if (!isObject(plan) || !Array.isArray(plan.rpcs) || typeof plan.file !== "string")
    return fault("it is no plan: the plugin option plan=json writes plans");
  if (plan.version !== 1)
    return fault(`it has version ${String(plan.version)}, and this protobff reads 1: update protobff`);
  if (!isObject(plan.behaviour) || !Array.isArray(plan.behaviour.rpcs))
    return fault("it has no predictions: write it again with the plugin option plan=json");
  const report = plan as unknown as FileReport & { readonly behaviour: BehaviourReport };
  try {
    const rpcs = report.rpcs.map((rpc) => plannedRpc(rpc, report));
    return { file: report.file, rpcs, behaviour: report.behaviour };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return fault(`it is not complete (${error.message}): write it again with the plugin option plan=json`);
  }
}

type RpcOfPlan = FileReport["rpcs"][number];

function plannedRpc(rpc: RpcOfPlan, report: FileReport): PlannedRpc {
  const { stream, permit } = rpc;
  // The calls of the worst case leave out cheaper alternatives, which the steps have.
  const steps = [...composedSteps(rpc, report), ...(permit?.steps ?? []), ...(stream?.opening?.steps ?? [])];
  const methods = new Set([...rpc.calls, ...(stream?.item_calls ?? [])].map(({ method }) => method));
  for (const { call } of steps) if (call !== undefined) methods.add(call.method);
  if (stream?.call !== undefined) methods.add(stream.call);
  const withoutNats = new Set<string>();
  const read = new Set(steps.flatMap(({ topic }) => topic ?? []));
  for (const { rpc: name, stream: other } of report.rpcs) {
    const { topic } = other ?? {};
    if (topic?.call === undefined || (name !== rpc.rpc && !read.has(topic.name))) continue;
    if (topic.subject !== undefined && !methods.has(topic.call)) withoutNats.add(topic.call);
    methods.add(topic.call);
  }
  for (const name of [rpc.rpc, ...methods])
    if (!/^[\w.]+\/\w+$/.test(name)) throw new TypeError(`${JSON.stringify(name)} is no name of a method`);
  return { rpc: rpc.rpc, methods: [...methods].sort(), withoutNats };
}

/** Returns the steps of its service that an rpc starts, and those of all messages that it composes. */
function composedSteps({ rpc, composes: root }: RpcOfPlan, { messages, services = [] }: FileReport) {
  const service = services.find((candidate) => candidate.service === parentName(rpc));
  const steps: FileReport["messages"][number]["steps"][number][] = [
    ...(service?.steps.filter((step) => step.started_by.includes(shortName(rpc))) ?? []),
  ];
  const reached = new Set([root, ...steps.flatMap(({ composes }) => composes ?? [])]);
  for (const name of reached)
    for (const step of messages.find(({ message }) => message === name)?.steps ?? []) {
      steps.push(step);
      if (step.composes !== undefined) reached.add(step.composes);
    }
  return steps;
}

/** Returns the services of an rpc's methods, sorted. */
export const servicesOf = ({ methods }: PlannedRpc): readonly string[] => [...new Set(methods.map(parentName))].sort();

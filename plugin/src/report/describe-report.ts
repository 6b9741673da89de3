// The plan as data: equal for all forms of the plan's output, and for any order of files.

import { fullName } from "../model/full-name.ts";
import { allSteps, reachedInOrder, rootsOf } from "../plan/check/max-calls.ts";
import type { PlanBlock, PlanMessage, PlanStep } from "../plan/model/messages.ts";
import type { PlanFile, PlanMethod, PlanService, PlanStart, PlanStream } from "../plan/model/plan.ts";
import { callsOf, composesOf, functionsIn } from "../resolve/model/blocks.ts";
import type { Step } from "../resolve/model/model.ts";
import type { RestRule } from "../resolve/model/rest.ts";
import { hostText } from "../resolve/packages/hosts.ts";
import { defined } from "../text/json-member.ts";
import { type VariableNumbers, variableNumbers } from "../text/variable-numbers.ts";
import { type BalanceReport, balanceOf } from "./calls/describe-balance.ts";
import { type BranchReport, branchesOf } from "./calls/describe-branches.ts";
import { type CallReport, callReport } from "./calls/describe-call.ts";
import { type MethodCallsReport, methodCallsReport, totalOf } from "./calls/describe-method-calls.ts";
import {
  type FailReport,
  type FieldReport,
  failReport,
  fieldReports,
  type SourceReport,
  sourceReport,
} from "./calls/describe-source.ts";
import { type UpstreamReport, upstreamReports } from "./calls/describe-upstreams.ts";
import { stepName, type Worst, worstOf } from "./calls/describe-worst.ts";
import { type FileFacts, fileFacts } from "./describe-file.ts";
import { type SubsetReport, subsetReport } from "./describe-subset.ts";
import { permittedCallers } from "./rpcs/callers.ts";
import { type CachingReport, cacheNumbers, cachingReport } from "./rpcs/describe-caching.ts";
import { type CallerKindReport, callerKinds } from "./rpcs/describe-caller-kinds.ts";
import { type WireReport, wireOf } from "./rpcs/describe-codec.ts";
import { type Degraded, degradedOf } from "./rpcs/describe-degraded.ts";
import { type ChoiceReport, choiceReport } from "./rpcs/describe-field-choice.ts";
import { type HeaderReport, headerReports } from "./rpcs/describe-headers.ts";
import { type LiveOfRpc, liveOfRpc } from "./rpcs/describe-live.ts";
import { laterOf } from "./rpcs/describe-parts.ts";
import { httpCallsOf } from "./rpcs/describe-protocol.ts";
import { type RulesReport, rulesReport } from "./rpcs/describe-rules.ts";
import { type LimitsOfRpc, limitsOfRpc } from "./rpcs/describe-share.ts";
import { type StreamReport, streamReport } from "./rpcs/describe-stream.ts";
import { type TelemetryReport, telemetryReport } from "./rpcs/describe-telemetry.ts";
import { type ToolOfRpc, toolOfRpc } from "./rpcs/describe-tool.ts";
import { type UnreviewedReport, unreviewedOf } from "./rpcs/describe-unreviewed.ts";
import { type VersionReport, versionReport } from "./rpcs/describe-version.ts";

/** Names are those of the JSON. Times are in milliseconds; null is "nothing bounds it". */
export interface FileReport extends FileFacts {
  readonly version: 1;
  readonly file: string;
  readonly rpcs: readonly RpcReport[];
  /** Steps that its services start once per request; present only for services with a `let`. */
  readonly services?: readonly ServiceReport[];
  /** All that its rpcs compose, composers first; each once. */
  readonly messages: readonly MessageReport[];
  /** Upstreams of its calls; present only if it has calls. */
  readonly upstreams?: readonly UpstreamReport[];
  /** Messages that its calls and rpcs send and receive. */
  readonly wire: readonly WireReport[];
}
/** One rpc: who may call it, what it composes and what it costs. */
export interface RpcReport extends VariableNumbers, CachingReport, ChoiceReport, ToolOfRpc, LimitsOfRpc, LiveOfRpc {
  readonly rpc: string;
  /** Permitted callers; present only if callers are identified. */
  readonly permit?: PermitReport;
  /** Kinds of callers; present only if the rpc is public. */
  readonly callers?: readonly CallerKindReport[];
  /** Rules for its request; present only if it has rules. */
  readonly validated?: RulesReport;
  /** Deprecation and sunset, as ISO 8601 days; present only if the rpc is deprecated. */
  readonly version?: VersionReport;
  /** Paths of deprecated fields of its request, at most 100; present only if it has some. */
  readonly deprecated_fields?: readonly string[];
  /** Class under overload; present only if it is not normal. */
  readonly priority?: "low" | "high";
  /** Headers of its answers; present only if declared. */
  readonly headers?: readonly HeaderReport[];
  /** Traces of its requests; present only if declared. */
  readonly telemetry?: TelemetryReport;
  /** Paths by google.api.http; present only if it has some. */
  readonly rest?: readonly RestReport[];
  /** Host names that it answers on, with holes; present only if declared. */
  readonly hosts?: readonly string[];
  readonly composes: string;
  /** The stream whose items it composes; present only for streaming rpcs. */
  readonly stream?: RpcStreamReport;
  /** The whole response, if it arrives in parts. Other numbers then cover the first message, except for calls. */
  readonly parts?: RpcPartsReport;
  readonly budget_ms: number;
  readonly for_calls_ms: number;
  readonly worst_ms: number;
  readonly critical_path: Worst["criticalPath"];
  readonly worst_calls: number | null;
  readonly worst_attempts: number | null;
  readonly calls: readonly MethodCallsReport[];
  /** Alternative destinations of its upstreams' calls; present only if branches exist. */
  readonly branches?: readonly BranchReport[];
  /** Distribution of calls over the addresses of its upstreams; present only if declared. */
  readonly balance?: readonly BalanceReport[];
  /** Paths of upstream calls over HTTP with JSON; present only if such calls exist. */
  readonly http?: readonly ({ readonly call: string } & RestReport)[];
  /** Functions of the user that its expressions call; present only if functions exist. */
  readonly functions?: readonly string[];
}
/** The numbers beside it cover the opening: the steps that run once, before the source opens. */
interface RpcStreamReport extends StreamReport {
  readonly opening?: { readonly steps: readonly StepReport[]; readonly edges: readonly Edge[] };
  /** Worst case of an item, which has the same budget. */
  readonly item_worst_ms: number;
  readonly item_critical_path: Worst["criticalPath"];
  readonly item_worst_calls: number | null;
  readonly item_calls: readonly MethodCallsReport[];
}
interface RpcPartsReport {
  readonly budget_ms: number;
  readonly worst_ms: number;
  readonly critical_path: Worst["criticalPath"];
  /** The paths of the fields that may come later. */
  readonly fields: readonly string[];
}
interface RestReport {
  /** In capitals; `*`: any. */
  readonly method: string;
  readonly path: string;
  /** `*` or a field. */
  readonly body?: string;
  readonly response_body?: string;
}
/** Permitted callers: all `scopes`, any role of each list of `roles`, and all conditions of `if`. */
export interface PermitReport {
  readonly public?: true;
  /** Any of them; omitted: any source. */
  readonly sources?: readonly string[];
  readonly scopes?: readonly string[];
  readonly roles?: readonly (readonly string[])[];
  readonly if?: readonly string[];
  /** Refusals, one for each condition of `if`. */
  readonly fails?: readonly FailReport[];
  /** The calls that decide, and the steps that they wait for; they are sent before all others. */
  readonly steps?: readonly StepReport[];
}
/** The steps that the rpcs of one service share. */
export interface ServiceReport {
  readonly service: string;
  readonly steps: readonly (StepReport & { readonly started_by: readonly string[] })[];
  readonly edges: readonly Edge[];
}
/** A composed message: its steps, their order and its fields. */
export interface MessageReport extends SubsetReport {
  readonly message: string;
  /** Steps of the service that it, or a message that it composes, reads. */
  readonly shared?: readonly string[];
  readonly steps: readonly StepReport[];
  readonly edges: readonly Edge[];
  readonly degrades: readonly Degraded[];
  /** Sources of its fields; present only if the message is composed, and its values do not come from a resolver. */
  readonly fields?: readonly FieldReport[];
  /** Present only below the comment of `protobff init`: all fields that it makes public. */
  readonly unreviewed?: readonly UnreviewedReport[];
}
/** An arrow of the graph of steps: `to` waits for `from`. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  /** `reads`: reads its value. `after`: is declared. `awaits`: decides whether it is needed. `clears`: a side effect waits until the step has succeeded. */
  readonly kind: "reads" | "after" | "awaits" | "clears";
}
/** One step: its source, its conditions and its options. */
export interface StepReport extends SourceReport {
  readonly step: string;
  /** The name is generated from its place: no expression reads it. */
  readonly unnamed?: true;
  readonly kind: string;
  readonly call?: CallReport;
  readonly composes?: string;
  readonly each?: { readonly var: string; readonly max: number | null; readonly concurrent: number | null };
  readonly if?: string;
  /** The switch that alone reads it, and the index of the case, from 0; the default is the last. */
  readonly only_in?: { readonly switch: string; readonly case: number };
  /** The members of a oneof that alone read it: it runs when one of them may be chosen. */
  readonly only_for?: readonly string[];
  readonly side_effects?: true;
  /** Its side effects do not wait for other unordered steps, and its items do not wait for each other. */
  readonly unordered?: true;
  /** Fields that depend on it may come later, if the response arrives in parts. */
  readonly deferred?: true;
  /** Omitted if the step cannot fail. */
  readonly on_failure?: "response fails" | "absent" | "fallback";
  /** Replacement for its value. */
  readonly fallback?: string;
}
export function reportOf(file: PlanFile, messages: ReadonlyMap<string, PlanMessage>): FileReport {
  const methods = file.services.flatMap((service) => service.methods);
  const reached = new Map<string, PlanMessage>();
  for (const planned of methods)
    for (const { composed } of reachedInOrder(rootsOf(planned), messages)) {
      const planned = messages.get(composed.desc.typeName);
      if (planned !== undefined) reached.set(composed.desc.typeName, planned);
    }
  const services = file.services.filter(({ starts }) => starts.length > 0).map(serviceReport);
  return {
    version: 1,
    file: file.desc.proto.name,
    ...fileFacts(file),
    rpcs: methods.map((planned) => {
      const worst = worstOf(planned, messages);
      const branches = branchesOf(file, worst);
      const balance = balanceOf(file, worst);
      const http = httpCallsOf(file, worst).map(({ method, rule }) => ({ call: method, ...restReport(rule) }));
      const { method, message } = planned;
      return {
        rpc: fullName(method.desc),
        ...defined("permit", permitReport(planned)),
        ...defined("callers", callerKinds(planned, messages)),
        ...defined("validated", planned.validated && rulesReport(planned.validated)),
        ...defined("version", planned.version && versionReport(planned.version)),
        ...defined("deprecated_fields", planned.deprecatedFields),
        ...defined("priority", planned.priority),
        ...limitsOfRpc(planned, file),
        ...defined("headers", headerReports(planned)),
        ...toolOfRpc(planned),
        ...(planned.telemetry === undefined ? {} : { telemetry: telemetryReport(planned.telemetry) }),
        ...defined("rest", planned.rest.length === 0 ? undefined : planned.rest.map(restReport)),
        ...defined("hosts", file.hosts.length === 0 ? undefined : file.hosts.map(hostText)),
        composes: message.composed.desc.typeName,
        ...defined("stream", planned.stream && rpcStreamReport(planned.stream, worst.item)),
        ...liveOfRpc(planned, worst.calls),
        ...defined("parts", partsReport(planned, worst.parts, file)),
        budget_ms: method.timeout.value,
        ...variableNumbers({ budget_ms: method.timeout, ...cacheNumbers(planned) }),
        for_calls_ms: worst.forCallsMs,
        worst_ms: worst.ms,
        critical_path: worst.criticalPath,
        worst_calls: totalOf(worst.calls, "calls"),
        worst_attempts: totalOf(worst.calls, "attempts"),
        calls: worst.calls.map(methodCallsReport),
        ...defined("branches", branches.length === 0 ? undefined : branches),
        ...defined("http", http.length === 0 ? undefined : http),
        ...defined("balance", balance.length === 0 ? undefined : balance),
        ...choiceReport(planned),
        ...cachingReport(planned),
        ...defined("functions", functionsOf(planned, messages)),
      };
    }),
    ...defined("services", services.length === 0 ? undefined : services),
    messages: [...reached.values()].map((message) => messageReport(message, messages)),
    ...defined("upstreams", file.upstreams.length === 0 ? undefined : upstreamReports(file)),
    wire: wireOf(file),
  };
}
function rpcStreamReport(stream: PlanStream, item: Worst | undefined): RpcStreamReport {
  const { opening } = stream;
  const steps = allSteps(opening?.steps ?? []);
  return {
    ...streamReport(stream),
    ...(opening !== undefined && {
      opening: { steps: steps.map((step) => stepReport(step, opening)), edges: edgesOf(steps, opening.shared) },
    }),
    item_worst_ms: item?.ms ?? 0,
    item_critical_path: item?.criticalPath ?? [],
    item_worst_calls: totalOf(item?.calls ?? [], "calls"),
    item_calls: (item?.calls ?? []).map(methodCallsReport),
  };
}

function partsReport({ method }: PlanMethod, worst: Worst | undefined, file: PlanFile): RpcPartsReport | undefined {
  if (method.parts === undefined || worst === undefined) return undefined;
  return {
    budget_ms: method.parts.timeoutMs,
    worst_ms: worst.ms,
    critical_path: worst.criticalPath,
    fields: laterOf(method, file),
  };
}
/** The functions of the user that an rpc may call, in the order of their names; undefined: none. */
export function functionsOf(
  planned: PlanMethod,
  messages: ReadonlyMap<string, PlanMessage>,
): readonly string[] | undefined {
  const reached = reachedInOrder(rootsOf(planned), messages);
  const names = new Set(reached.flatMap(({ composed }) => [...functionsIn(composed)].map(({ fn }) => fn)));
  return names.size === 0 ? undefined : [...names].sort();
}

function messageReport(message: PlanMessage, composed: ReadonlyMap<string, PlanMessage>): MessageReport {
  const steps = allSteps(message.steps);
  const owners = new Map(
    steps.flatMap((step) =>
      step.lazy.flatMap((lazy, index) =>
        lazy.map((inner) => [inner, { switch: stepName(step), case: index }] as const),
      ),
    ),
  );
  return {
    message: message.composed.desc.typeName,
    ...subsetReport(message.composed),
    ...defined("shared", message.shared.length === 0 ? undefined : message.shared.map(stepName)),
    steps: steps.map((step) => ({ ...stepReport(step, message), ...defined("only_in", owners.get(step)) })),
    edges: edgesOf(steps, message.shared),
    degrades: degradedOf(message),
    ...defined("fields", fieldReports(message.composed.targets, composed)),
    ...defined("unreviewed", unreviewedOf(message.composed.desc)),
  };
}

function permitReport({ method, permit }: PlanMethod): PermitReport | undefined {
  if (method.permit === undefined) return undefined;
  const { open, sources, scopes, roles, conditions } = permittedCallers(method.permit);
  const steps = allSteps(permit?.steps ?? []).filter(({ step }) => step.source.kind !== "guard");
  return {
    ...(open && { public: true }),
    ...defined("sources", sources),
    ...(scopes.length > 0 && { scopes }),
    ...(roles.length > 0 && { roles }),
    ...(conditions.length > 0 && { if: conditions, fails: method.permit.conditions.flatMap(failsOf) }),
    ...(permit !== undefined && steps.length > 0 && { steps: steps.map((step) => stepReport(step, permit)) }),
  };
}

const failsOf = ({ source }: Step): readonly FailReport[] => (source.kind === "guard" ? [failReport(source.fail)] : []);

function restReport({ ir, body, responseBody }: RestRule): RestReport {
  return {
    method: ir.method,
    path: ir.path.value,
    ...defined("body", body === "*" ? body : body?.name),
    ...defined("response_body", responseBody?.name),
  };
}

/** All steps that any of its rpcs starts. */
function serviceReport({ desc, methods, starts }: PlanService): ServiceReport {
  const all = new Map<Step, { step: PlanStep; start: PlanStart }>();
  for (const start of starts)
    for (const step of allSteps(start.steps)) if (!all.has(step.step)) all.set(step.step, { step, start });
  const found = [...all.values()].sort((a, b) => a.step.step.index - b.step.step.index);
  return {
    service: desc.typeName,
    steps: found.map(({ step, start }) => ({
      ...stepReport(step, start),
      started_by: methods
        .filter(({ method }) => method.shared.includes(step.step))
        .map(({ method }) => method.desc.name),
    })),
    edges: edgesOf(found.map(({ step }) => step)),
  };
}

function edgesOf(steps: readonly PlanStep[], shared: readonly PlanStep[] = []): Edge[] {
  const names = new Map([...shared, ...steps].map((step) => [step.step, stepName(step)]));
  return steps.flatMap((step) => {
    const to = stepName(step);
    const edges = [
      ...step.step.reads.map((read) => ({ from: names.get(read) ?? "", to, kind: "reads" }) as const),
      ...step.step.after.map((other) => ({ from: names.get(other) ?? "", to, kind: "after" }) as const),
    ];
    const waited = new Set(edges.map(({ from }) => from));
    const awaited = (step.demand?.waitsFor ?? []).map(stepName).filter((from) => !waited.has(from));
    const clears = step.clearedBy.map(stepName).filter((from) => !waited.has(from));
    return [
      ...edges,
      ...awaited.map((from) => ({ from, to, kind: "awaits" }) as const),
      ...clears.map((from) => ({ from, to, kind: "clears" }) as const),
    ];
  });
}

function failureOf({ fallback, supplementary }: Step): NonNullable<StepReport["on_failure"]> {
  if (fallback !== undefined) return "fallback";
  return supplementary ? "absent" : "response fails";
}

function stepReport(planned: PlanStep, message: PlanBlock): StepReport {
  const { step, sync, effectful, demand } = planned;
  const { source } = step;
  const [call] = callsOf(source);
  const [compose] = composesOf(source);
  return {
    step: stepName(planned),
    ...(step.name === undefined && { unnamed: true as const }),
    kind: source.kind,
    ...defined("call", call && callReport(call, message)),
    ...defined("composes", compose?.message.typeName),
    ...(source.kind === "each" && {
      each: { var: source.item.name, max: source.max ?? null, concurrent: planned.bounded ? source.concurrent : null },
    }),
    ...defined("if", step.if?.text.value ?? (source.kind === "guard" ? source.if.text.value : undefined)),
    ...defined(
      "only_for",
      demand?.target.members.filter((_, i) => demand.members.has(i)).map(({ field }) => field.name),
    ),
    ...(effectful && { side_effects: true as const }),
    ...(step.unordered && { unordered: true as const }),
    ...(step.deferred && { deferred: true as const }),
    ...sourceReport(source),
    ...(!sync && { on_failure: failureOf(step) }),
    ...defined("fallback", step.fallback?.expression.text.value),
  } satisfies StepReport;
}

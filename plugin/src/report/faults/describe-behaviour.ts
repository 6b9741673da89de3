// Data that determines the end of a response: see behaviour.ts.

import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { sampleItems } from "@protobff/runtime/internal/samples";
import { type Expression, presenceOf, type Variable } from "../../cel/index.ts";
import type {
  BehaviourReport,
  BindBehaviour,
  BlockBehaviour,
  CallBehaviour,
  ErrorRuleBehaviour,
  ExpressionReport,
  FieldBehaviour,
  FieldNames,
  LimitBehaviour,
  PermitBehaviour,
  RpcBehaviour,
  SourceBehaviour,
  StepBehaviour,
  StreamBehaviour,
  TargetBehaviour,
} from "../../faults/index.ts";
import type { FieldCopy, OneofTarget, Target } from "../../model/conversion.ts";
import { fullName } from "../../model/full-name.ts";
import { pathName } from "../../model/path-name.ts";
import { allSteps, reachedInOrder, rootsOf } from "../../plan/check/max-calls.ts";
import type { PlanCallPolicy } from "../../plan/model/calls.ts";
import type { PlanLimits } from "../../plan/model/limits.ts";
import type { PlanBlock, PlanMessage, PlanOpening, PlanStep } from "../../plan/model/messages.ts";
import type { Plan, PlanFile, PlanMethod, PlanPermit, PlanService } from "../../plan/model/plan.ts";
import { mayBeStale } from "../../resolve/model/blocks.ts";
import type { Call, ErrorRule, MetadataBinding } from "../../resolve/model/call.ts";
import type { ComposeSource, Let, Permit, Source, Step } from "../../resolve/model/model.ts";
import { sampled } from "../../text/amount.ts";
import { defined } from "../../text/json-member.ts";
import { worstOf } from "../calls/describe-worst.ts";
import { expressionReport, fieldOf, maybe } from "./describe-expression.ts";
import { mockEnv, mockEnvValues } from "./mock-env.ts";
import { requestOf, sampleOf, sampleOfField, sampleOfType } from "./samples.ts";
import { unpredictable } from "./unpredictable.ts";
import { messageReport } from "./value-report.ts";

export function behaviourOf(file: PlanFile, plan: Plan): BehaviourReport {
  const messages = new Map(plan.messages.map((message) => [message.composed.desc.typeName, message]));
  const methods = file.services.flatMap((service) => service.methods.map((method) => ({ service, method })));
  const reached = new Map<string, PlanMessage>();
  const openings = new Map(
    methods.flatMap(({ method: { message, stream } }) =>
      stream?.opening === undefined ? [] : [[message.composed.desc.typeName, stream.opening] as const],
    ),
  );
  for (const { method } of methods) {
    for (const { composed } of reachedInOrder(rootsOf(method), messages)) {
      const message = messages.get(composed.desc.typeName);
      if (message !== undefined) reached.set(composed.desc.typeName, message);
    }
  }
  return {
    rpcs: methods.map(({ service, method }) => rpcBehaviour(service, method, messages)),
    messages: Object.fromEntries([...reached].map(([name, message]) => [name, blockOf(message, openings.get(name))])),
    services: Object.fromEntries(
      file.services
        .filter(({ starts }) => starts.length > 0)
        .map((service) => [service.desc.typeName, serviceBlock(service)]),
    ),
    answers: Object.fromEntries(file.entries.map(({ method }) => [fullName(method), sampleOf(method.output)] as const)),
    breakers: Object.fromEntries(file.upstreams.flatMap(breakersOf)),
    ...defined(
      "identity",
      file.identity && {
        sources: file.identity.sources.map(({ name }) => name),
        principal: sampleOf(file.identity.type),
      },
    ),
    functions: Object.fromEntries(
      file.functions.map(({ overload }) => [overload.fn, sampleOfType(overload.result, overload.fn)]),
    ),
    env: Object.fromEntries(file.services.map(({ desc }) => [desc.typeName, mockEnvValues(mockEnv(file, desc, plan))])),
  };
}

/** Returns the breaker of the service, then the methods with separate breakers. */
function breakersOf({
  service,
  breaker,
  methods,
}: PlanFile["upstreams"][number]): [string, "service" | "method" | null][] {
  return [
    [service.typeName, breaker === undefined ? null : "service"],
    ...methods.map((method): [string, "method" | null] => [
      `${service.typeName}/${method.name}`,
      method.breaker === undefined ? null : "method",
    ]),
  ];
}

function rpcBehaviour(
  { desc }: PlanService,
  planned: PlanMethod,
  messages: ReadonlyMap<string, PlanMessage>,
): RpcBehaviour {
  const { method, message } = planned;
  const response = method.response === undefined ? undefined : method.desc.output;
  const timeout = { value: sampled(method.timeout) };
  return {
    rpc: fullName(method.desc),
    service: desc.typeName,
    composes: message.composed.desc.typeName,
    for_calls_ms: worstOf({ ...planned, method: { ...method, timeout } }, messages).forCallsMs,
    starts: method.shared.flatMap(({ name, index }) => name ?? `#${index}`),
    request: requestOf(method),
    ...defined("degraded", method.degradedField?.name),
    ...defined("declared", response && { message: response.typeName, fields: namesBelow(response) }),
    ...defined("permit", method.permit && permitOf(method.permit, planned.permit)),
    ...defined("limits", planned.limits && limitsOf(planned.limits)),
    ...defined("stream", streamOf(planned)),
    ...(planned.live !== undefined && { live: true }),
    ...unpredictable(planned),
  };
}

function streamOf({ stream }: PlanMethod): StreamBehaviour | undefined {
  if (stream === undefined) return undefined;
  const { source, of, idleMs } = stream;
  const followed = source.kind === "call" ? of : source.topic.of;
  const call = source.kind === "call" ? source.call : source.topic.of.call;
  if (call === undefined) return undefined;
  const yes = true as const;
  return {
    var: of.item.name,
    method: fullName(call.method),
    items: sampleItems(call.method.output).map((item) => messageReport(reflect(call.method.output, item))),
    ...defined("if", maybe(of.if)),
    ...defined("until", maybe(of.until)),
    ...(source.kind === "follow" && {
      key: expressionReport(source.key),
      ...defined("topic_until", maybe(source.topic.of.until)),
    }),
    ...(call.effects === "none" && { reopens: yes }),
    ...(followed.position !== undefined && { position: yes }),
    ...(idleMs !== undefined && { idle: yes }),
  };
}

function permitOf(permit: Permit, planned: PlanPermit | undefined): PermitBehaviour {
  const { public: open, sources, scopes, roles } = permit;
  return {
    ...(open !== undefined && { public: true as const }),
    ...defined("sources", sources),
    scopes,
    roles,
    steps: planned === undefined ? [] : allSteps(planned.steps).map((step) => stepOf(step, planned, new Set())),
  };
}

function limitsOf({ early, late }: PlanLimits): LimitBehaviour[] {
  return [...early, ...late].map(({ use, limit }) => ({
    ...defined("if", maybe(use.if)),
    key: expressionReport(use.key),
    ...defined("cost", maybe(use.cost)),
    most: sampled(typeof limit.per === "string" ? limit.rate : limit.burst),
    ...(use.early && { early: true as const }),
  }));
}

/** The names of all fields in and below a message. */
function namesBelow(desc: DescMessage): FieldNames {
  const found: Record<string, Record<string, string | null>> = {};
  const visit = (desc: DescMessage): void => {
    if (found[desc.typeName] !== undefined) return;
    found[desc.typeName] = Object.fromEntries(
      desc.fields.map((field) => [field.name, field.message?.typeName ?? null]),
    );
    for (const field of desc.fields) if (field.message !== undefined) visit(field.message);
  };
  visit(desc);
  return found;
}

// ---- blocks ----

/** All steps that any of its rpcs starts. */
function serviceBlock({ starts }: PlanService): BlockBehaviour {
  const steps = new Map<Step, { step: PlanStep; block: PlanBlock & { composed: Let } }>();
  for (const start of starts)
    for (const step of allSteps(start.steps))
      if (!steps.has(step.step)) steps.set(step.step, { step, block: { ...start, composed: start.let } });
  const found = [...steps.values()].sort((a, b) => a.step.step.index - b.step.step.index);
  return { steps: found.map(({ step, block }) => stepOf(step, block, new Set())), fields: [] };
}

/** Returns the behaviour of a message; for a stream with the steps of its opening. */
function blockOf(message: PlanMessage, opening: PlanOpening | undefined): BlockBehaviour {
  const stepsIn = (block: PlanBlock) => {
    const planned = allSteps(block.steps);
    const lazy = new Set(planned.flatMap((step) => step.lazy.flat()));
    return planned.map((step) => stepOf(step, block, lazy));
  };
  const steps = [...(opening === undefined ? [] : stepsIn(opening)), ...stepsIn(message)];
  return {
    steps: steps.sort((a, b) => a.index - b.index),
    fields:
      message.composed.resolver === undefined
        ? message.composed.targets.map((target) => targetOf(target, message))
        : suppliedFields(message.composed.desc, message.composed.resolver),
  };
}

/** Returns the fields of a message that a resolver supplies: each depends on the resolver. */
function suppliedFields(desc: DescMessage, resolver: Step): FieldBehaviour[] {
  const name = nameOf(resolver);
  return desc.fields
    .filter((field) => field.message?.typeName !== "bff.v1.Degradation")
    .map((field) => ({
      field: field.name,
      by: { text: `${name}.${field.name}`, tree: fieldOf({ name }, field), reads: [{ name }], path: true },
      ...shapeOf(field),
      ...(field.oneof !== undefined && { chosen: true as const }),
    }));
}

/** Variables of resolvers share one name. */
function nameOf({ name, index, variable, source }: Step): string {
  return source.kind === "resolver" ? `#${index}` : (name ?? variable?.name ?? `#${index}`);
}

function stepOf(planned: PlanStep, block: PlanBlock, lazy: ReadonlySet<PlanStep>): StepBehaviour {
  const { step, demand } = planned;
  return {
    index: step.index,
    ...defined("name", step.variable === undefined ? step.name : nameOf(step)),
    source: sourceOf(step.source, planned, block),
    ...defined("if", maybe(step.if)),
    ...(step.supplementary && { supplementary: true as const }),
    ...defined("fallback", maybe(step.fallback?.expression)),
    ...defined("after", step.after.length === 0 ? undefined : step.after.map(nameOf)),
    ...(lazy.has(planned) && { only_in_case: true as const }),
    ...defined("only_for", demand?.target.members.filter((_, i) => demand.members.has(i)).map(memberName)),
    ...(planned.immediate && { immediate: true as const }),
    ...(step.unordered && { unordered: true as const }),
  };
}

function sourceOf(source: Source, planned: PlanStep, block: PlanBlock): SourceBehaviour {
  switch (source.kind) {
    case "by":
      return { kind: "by", by: expressionReport(source.by) };
    case "call":
      return { kind: "call", call: callOf(source.call, block) };
    case "compose":
      return { kind: "compose", message: source.message.typeName, args: argsOf(source) };
    case "each":
      return {
        kind: "each",
        var: source.item.name,
        in: expressionReport(source.in),
        ...defined("if", maybe(source.if)),
        ...defined("key", maybe(source.key)),
        ...(source.partial && { partial: true as const }),
        ...defined("min", source.quorum?.min),
        ...defined("enough", source.quorum?.enough),
        ...defined("max", planned.most?.items),
        ...(planned.most?.fromClient && { asked: true as const }),
        of: sourceOf(source.source, planned, block),
      };
    case "latest":
      return { kind: "latest", key: expressionReport(source.key) };
    case "switch":
      return {
        kind: "switch",
        cases: source.cases.map((entry) => ({
          if: expressionReport(entry.if),
          by: expressionReport(entry.value.expression),
        })),
        ...defined("default", maybe(source.default?.expression)),
      };
    case "guard":
      return { kind: "guard", if: expressionReport(source.if), code: source.fail.code ?? null };
    case "resolver":
      return {
        kind: "resolver",
        reads: planned.step.reads.map(nameOf),
        gives: source.field === undefined ? sampleOf(source.message) : sampleOfField(source.field),
      };
    case "shared":
      throw new Error("a shared step belongs to its service");
  }
}

const argsOf = ({ args }: ComposeSource): BindBehaviour[] => args.map(bindOf);
function bindOf({ name, by, if: condition }: ComposeSource["args"][number]): BindBehaviour {
  return { name, by: expressionReport(by), ...defined("if", maybe(condition)) };
}

function callOf(call: Call, block: PlanBlock): CallBehaviour {
  const { batch, request } = call;
  const policy = block.calls.get(call)?.policy;
  const set = call.set.map(({ path, bound, if: condition }) => ({
    name: pathName(path),
    by: expressionReport(bound.expression),
    ...defined("if", maybe(condition)),
  }));
  const retry = policy?.retry?.when;
  return {
    method: fullName(call.method),
    ...(call.effects !== "none" && { side_effects: true as const }),
    wants: [...(request === undefined ? [] : [{ name: "", by: expressionReport(request.expression) }]), ...set],
    metadata: [
      ...call.metadata.map(({ key, by, if: condition }: MetadataBinding) => ({
        name: key,
        by: expressionReport(by),
        ...defined("if", maybe(condition)),
      })),
      ...(retry?.reads.some(readsStep) ? [{ name: "retry.if", by: expressionReport(retry) }] : []),
    ],
    ...defined(
      "batch",
      batch && {
        by: expressionReport(batch.by.expression),
        items: batch.items.name,
        ...(batch.many && { many: true as const }),
        ...defined("key", batch.key?.name),
        ...(batch.keyBy?.by.expression.path !== true && defined("key_by", maybe(batch.keyBy?.by.expression))),
        ...defined("wrap", maybe(batch.wrap?.element.expression)),
      },
    ),
    on_error: call.onError.map(ruleOf),
    ...defined("timeout_ms", policy?.timeoutMs && sampled(policy.timeoutMs)),
    ...defined("stale", mayBeStale(call) ? staleOf(policy) : undefined),
  };
}
function staleOf(policy: PlanCallPolicy | undefined): CallBehaviour["stale"] {
  const { ttlMs, staleMs } = policy?.cache ?? {};
  return ttlMs && staleMs && { ttl_ms: sampled(ttlMs), stale_ms: sampled(staleMs) };
}
const readsStep = ({ variable }: { readonly variable: Variable }): boolean => variable.role === "step";

function ruleOf({ on, if: condition, then }: ErrorRule): ErrorRuleBehaviour {
  return {
    on: [...on],
    ...defined("if", maybe(condition)),
    then: then.kind,
    ...(then.kind === "fallback" && { fallback: expressionReport(then.value.expression) }),
    ...(then.kind === "fail" && defined("code", then.fail.code)),
  };
}

// ---- fields ----

function targetOf(target: Target, { composed }: PlanMessage): TargetBehaviour {
  const by = (expression: Expression): ExpressionReport => {
    const resolver = composed.steps.find(
      ({ source, variable }) =>
        source.kind === "resolver" && expression.reads.some((read) => read.variable === variable),
    );
    return resolver === undefined ? expressionReport(expression) : readOf(resolver);
  };
  if (target.kind === "field")
    return { field: target.field.name, by: by(target.bound.expression), ...shapeOf(target.field, target.bound.copy) };
  return {
    oneof: target.oneof.name,
    members: target.members.map((member) => ({
      field: memberName(member),
      by: by(member.bound.expression),
      ...shapeOf(member.field, member.bound.copy),
      ...defined("if", maybe(member.if)),
      ...(member.default && { default: true as const }),
      ...(member.left && { left: member.left }),
    })),
  };
}
function readOf(step: Step): ExpressionReport {
  const name = nameOf(step);
  return { text: name, tree: { name }, reads: [{ name }], path: true };
}
/** A member that is left belongs to another message, which may have fields of the same names. */
const memberName = ({ field, left }: OneofTarget["members"][number]): string =>
  left ? `${field.parent.typeName}.${field.name}` : field.name;

function shapeOf(field: DescField, copy?: FieldCopy): Pick<FieldBehaviour, "many" | "presence"> {
  const many = field.fieldKind === "list" || field.fieldKind === "map";
  const presence = presenceOf(field) !== "implicit" && copy?.fallback === undefined;
  return { ...(many && { many: true as const }), ...(presence && { presence: true as const }) };
}

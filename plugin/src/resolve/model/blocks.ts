import type { DescMethod } from "@bufbuild/protobuf";
import {
  type CelType,
  childrenOf,
  type Expression,
  type FieldType,
  fieldType,
  type Node,
  type Overload,
  type Variable,
} from "../../cel/index.ts";
import { reachable } from "../../graph/graph.ts";
import type { AmountValue } from "../../text/amount.ts";
import type { Batch, Call, Policy, TagHole } from "./call.ts";
import type {
  AnswerHeaders,
  AnswerTags,
  BffMethod,
  Block,
  Composed,
  ComposeSource,
  Followed,
  GuardSource,
  Let,
  Limits,
  Model,
  Opening,
  Permit,
  RequestShare,
  Source,
  Step,
  Telemetry,
  Tool,
  Topic,
} from "./model.ts";

/** Any declaration that may have steps. */
export type AnyBlock =
  | Composed
  | Opening
  | Let
  | Permit
  | Limits
  | AnswerHeaders
  | AnswerTags
  | RequestShare
  | Telemetry
  | Tool
  | Followed
  | Topic;

/**
 * Returns all blocks with steps: the `let` of services, permits, limits, headers, tags, shares, telemetry, tools, streams
 * with their openings, then messages.
 */
export function blocksOf(model: Model): readonly AnyBlock[] {
  const { lets, permits, limits, headers, tags, shares, telemetry, tools, topics, streams, openings, messages } = model;
  const atEdge = [...permits, ...limits, ...headers, ...tags, ...shares, ...telemetry, ...tools];
  return [...lets, ...atEdge, ...topics, ...streams, ...openings, ...messages];
}

/** Returns the rpcs of all services. */
export function methodsOf({ files }: Pick<Model, "files">): readonly BffMethod[] {
  return files.flatMap(({ services }) => services.flatMap(({ methods }) => methods));
}

const byName = new WeakMap<readonly Composed[], ReadonlyMap<string, Composed>>();
/** Returns composed messages by their full names. The map is built once for each list, because every rpc needs it. */
export function messagesByName(messages: readonly Composed[]): ReadonlyMap<string, Composed> {
  const cached = byName.get(messages) ?? new Map(messages.map((message) => [message.desc.typeName, message]));
  byName.set(messages, cached);
  return cached;
}

/** Returns the calls of the block's own steps, including calls of lists, in order of declaration. */
export function callsIn({ steps }: Pick<Block, "steps">): Call[] {
  return steps.flatMap(({ source }) => [...callsOf(source)]);
}

/** Returns the entries of a map for the messages that these steps compose. */
export function composedBy<T>(steps: readonly Pick<Step, "source">[], byName: ReadonlyMap<string, T>): T[] {
  return steps.flatMap(({ source }) => composesOf(source)).flatMap(({ message }) => byName.get(message.typeName) ?? []);
}

/**
 * Returns the steps behind the names in expressions of a block: its own, and the step of every service that a shared
 * step represents.
 */
export function stepsBehind({
  shared,
  steps,
}: Pick<Block, "shared" | "steps">): ReadonlyMap<Variable, readonly Step[]> {
  return new Map(
    [...shared, ...steps].flatMap((step) =>
      step.variable === undefined ? [] : [[step.variable, step.source.kind === "shared" ? step.source.of : [step]]],
    ),
  );
}

/** Returns every expression that the block evaluates for a request: in its steps, their fallbacks, and its fields. */
export function expressionsIn({ steps, targets }: Pick<Block, "steps" | "targets">): Expression[] {
  const all = [
    ...steps.flatMap((step) => [step.if, step.fallback?.expression, ...sourceExpressions(step.source)]),
    ...targets.flatMap((target) =>
      target.kind === "field"
        ? [target.bound.expression]
        : target.members.flatMap((member) => [member.if, member.bound.expression]),
    ),
  ];
  return all.filter((expression) => expression !== undefined);
}

/** The functions of the user that it calls, policies of its calls included. */
export function functionsIn(block: Block): ReadonlySet<Overload> {
  const found = new Set<Overload>();
  const visit = (node: Node): void => {
    if (node.kind === "call" && node.userFunction !== undefined) found.add(node.userFunction);
    for (const child of childrenOf(node)) visit(child);
  };
  const clients = "clients" in block ? (block as Composed).clients : [];
  const policies = [...callsIn(block), ...clients].flatMap(({ policy }) => policyExpressions(policy));
  const sent = clients.flatMap(({ metadata }) => metadata.flatMap(({ by, if: condition }) => [by, condition]));
  for (const expression of [...expressionsIn(block), ...policies, ...sent])
    if (expression !== undefined) visit(expression.root);
  return found;
}

/** Returns the package whose policies, environment and functions a block sees. */
export function packageOf(block: AnyBlock): string {
  const subset = block.kind === "composed" || block.kind === "opening" ? block.ir.subset : undefined;
  return (subset ?? block).file.desc.proto.package;
}

/** Returns the composed messages that are declared: a subset repeats declarations of another message. */
export function declaredMessages({ messages }: Pick<Model, "messages">): readonly Composed[] {
  return messages.filter(({ ir }) => ir.subset === undefined);
}

// Queries that apply to all kinds of step sources.

export function callsOf(source: Source): readonly Call[] {
  if (source.kind === "call") return [source.call];
  return source.kind === "each" ? callsOf(source.source) : [];
}

/** Returns true if its answer may come from a cache. */
export function isCached({ effects, policy: { cache } }: Call): boolean {
  return effects === "none" && (cache.ttl?.value ?? 0) > 0;
}

/** Returns true if its answer may come from a cache after its TTL. */
export function mayBeStale(call: Call): boolean {
  return isCached(call) && (call.policy.cache.stale?.value ?? 0) > 0;
}

export function composesOf(source: Source): readonly ComposeSource[] {
  if (source.kind === "compose") return [source];
  return source.kind === "each" ? composesOf(source.source) : [];
}

/** Returns the type of a call's value: the response, or for a batch the part for one key. */
export function answerOf(method: DescMethod, batch: Batch | undefined): FieldType {
  if (batch === undefined) {
    const message = { kind: "message", desc: method.output } as const;
    return { type: message, proto: message };
  }
  const { type, proto } = fieldType(batch.items);
  if (batch.many) return { type, proto };
  return {
    type: elementType(type),
    proto: proto.kind === "list" || proto.kind === "map" ? proto.of : proto,
  };
}

/** The type of a list's elements or of a map's values; any other type itself. */
function elementType(type: CelType): CelType {
  if (type.kind === "list") return type.element;
  return type.kind === "map" ? type.value : type;
}

/** Every expression of a call: its inputs, and the holes in tags of its answers. */
export function callExpressions(call: Call): (Expression | undefined)[] {
  return [...callInputs(call), ...tagHoles(call.policy).map(({ by }) => by)];
}
/** Every expression on which the value of a call depends: before it is sent, or when it fails. */
export function callInputs(call: Call): (Expression | undefined)[] {
  return [
    call.request?.expression,
    ...call.set.flatMap((binding) => [binding.if, binding.bound.expression]),
    ...call.metadata.flatMap((binding) => [binding.if, binding.by]),
    ...call.onError.flatMap((rule) => [rule.if, ...rescueExpressions(rule.then)]),
    retryIfOverSteps(call),
    call.batch?.by.expression,
    call.batch?.wrap?.element.expression,
    call.batch?.keyBy?.by.expression,
    call.shard?.by,
  ];
}
/** Returns the holes in the tags of an RPC's cached answers. */
export function tagExpressions({ tags }: Pick<AnswerTags, "tags">): readonly Expression[] {
  return tags.flatMap(({ parts }) => parts.filter((part) => typeof part !== "string"));
}
/** Returns the holes in the tags of a call's cached answers. */
export function tagHoles({ cache }: Pick<Call["policy"], "cache">): readonly TagHole[] {
  return cache.tags.flatMap(({ parts }) => parts.filter((part) => typeof part !== "string"));
}
/**
 * Returns the expressions of a call's policy that are evaluated before an attempt: `retry.if`, and those of branches and
 * shards.
 */
export function policyExpressions({ retry, branches, shard }: Call["policy"]): (Expression | undefined)[] {
  return [retry.if, ...branches.flatMap((branch) => [branch.if, branch.by]), shard?.rule?.by];
}
/** Roles of values that belong to one request, except values that are read from it by name. */
const OF_A_REQUEST: ReadonlySet<Variable["role"]> = new Set(["step", "principal", "peer"]);

/**
 * Returns the `retry.if` of a repeatable call if it reads steps or the caller. It is then evaluated per request, not
 * created once per process.
 */
export function retryIfOverSteps({
  effects,
  policy: { retry },
}: Pick<Call, "effects" | "policy">): Expression | undefined {
  if (effects === "once" || (retry.attempts?.value ?? 3) <= 1) return undefined;
  return retry.if?.reads.some(({ variable }) => OF_A_REQUEST.has(variable.role)) ? retry.if : undefined;
}
/** Every expression of a source. */
export function sourceExpressions(source: Source): (Expression | undefined)[] {
  switch (source.kind) {
    case "by":
      return [source.by];
    case "call":
      return callExpressions(source.call);
    case "compose":
      return source.args.flatMap((arg) => [arg.by, arg.if]);
    case "each":
      return [source.in, source.if, source.key, ...sourceExpressions(source.source)];
    case "switch":
      return [...source.cases.flatMap((branch) => [branch.if, branch.value.expression]), source.default?.expression];
    case "latest":
      return [source.key];
    case "guard":
      return [source.if, ...failExpressions(source.fail)];
    case "shared":
    case "resolver":
      return [];
  }
}
export function rescueExpressions(then: Call["onError"][number]["then"]): Expression[] {
  if (then.kind === "fallback") return [then.value.expression];
  if (then.kind === "fail") return failExpressions(then.fail);
  return [];
}

export function failExpressions(fail: GuardSource["fail"]): Expression[] {
  return [...(fail.message ?? []).filter((part) => typeof part !== "string"), ...fail.details];
}

/** Returns the variables that numbers of a policy read: `env.T`. */
export const variablesOf = ({ timeout, hedge, cache, limit }: Policy): readonly string[] =>
  envNames([timeout, hedge.delay, cache.ttl, cache.stale, limit?.concurrent]);

/** Returns the variables that numbers read: `env.T`. */
export const envNames = (amounts: readonly (Pick<AmountValue, "env"> | undefined)[]): readonly string[] =>
  amounts.flatMap((amount) => (amount?.env === undefined ? [] : [`env.${amount.env.name}`]));

// Side effects of steps, and failures of steps that fail a response although it works without their values. Both
// include the messages that steps compose.

export interface EffectTable {
  readonly step: (step: Step) => boolean;
  readonly message: (message: Composed) => boolean;
  /**
   * Returns true if a step, even a supplementary one, may fail the response. The cause is a rule of its calls, or a
   * guard, a rule or a function in messages that it composes.
   */
  readonly decides: (step: Step) => boolean;
}

/** @param messages composers before what they compose */
export function effectTable(messages: readonly Composed[]): EffectTable {
  const effectful = new Set<string>();
  const step = ({ source }: Step): boolean =>
    callsOf(source).some((call) => call.effects !== "none") ||
    composesOf(source).some(({ message }) => effectful.has(message.typeName));
  const deciding = new Set<string>();
  const decides = ({ source }: Step): boolean =>
    callsOf(source).some((call) => call.onError.some(({ then }) => then.kind === "fail")) ||
    composesOf(source).some(({ message }) => deciding.has(message.typeName));
  const settles = (inside: Step): boolean =>
    inside.source.kind === "guard" || inside.source.kind === "resolver" || decides(inside);
  for (const { desc, steps } of [...messages].reverse()) {
    if (steps.some(step)) effectful.add(desc.typeName);
    if (steps.some(settles)) deciding.add(desc.typeName);
  }
  return { step, message: ({ desc }) => effectful.has(desc.typeName), decides };
}

/** Everything a step waits for, directly or through others: what it reads, and what it starts after. */
export function restsOn(step: Step): ReadonlySet<Step> {
  return new Set(reachable(directly(step), directly));
}

const directly = (step: Step): readonly Step[] => [...step.reads, ...step.after];

/** Those of `all` that wait for a step, directly or through others. */
export function restingOn(step: Step, all: readonly Step[], waitsFor = directly): ReadonlySet<Step> {
  const readers = new Map<Step, Step[]>();
  for (const reader of all)
    for (const other of waitsFor(reader)) {
      const known = readers.get(other);
      if (known === undefined) readers.set(other, [reader]);
      else known.push(reader);
    }
  return new Set(reachable(readers.get(step) ?? [], (reader) => readers.get(reader) ?? []));
}

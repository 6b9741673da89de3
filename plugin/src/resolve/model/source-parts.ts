// Queries that apply to all kinds of step sources.

import type { DescMethod } from "@bufbuild/protobuf";
import { type CelType, type Expression, type FieldType, fieldType, type Variable } from "../../cel/index.ts";
import type { AmountValue } from "../../text/amount.ts";
import type { Batch, Call, Policy, TagHole } from "./call.ts";
import type { AnswerTags, ComposeSource, GuardSource, Source } from "./model.ts";

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

// What the sources of steps have in common.
import type { DescMethod } from "@bufbuild/protobuf";
import { type CelType, type Expression, type FieldType, fieldType, type Variable } from "../../cel/index.ts";
import type { Batch, Call } from "./call.ts";
import type { ComposeSource, GuardSource, Source } from "./model.ts";

export function callsOf(source: Source): readonly Call[] {
  if (source.kind === "call") return [source.call];
  return source.kind === "each" ? callsOf(source.source) : [];
}

/** Whether its answer may be one from a cache. */
export function isCached({ effects, policy: { cache } }: Call): boolean {
  return effects === "none" && (cache.ttl?.value ?? 0) > 0;
}

/** Whether its answer may be one from a cache past its ttl. */
export function mayBeStale(call: Call): boolean {
  return isCached(call) && (call.policy.cache.stale?.value ?? 0) > 0;
}

export function composesOf(source: Source): readonly ComposeSource[] {
  if (source.kind === "compose") return [source];
  return source.kind === "each" ? composesOf(source.source) : [];
}

/** What a call gives: the response, or of a batch what it has for a key. */
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

/** Every expression that a call evaluates before it is sent, or when it fails. */
export function callExpressions(call: Call): (Expression | undefined)[] {
  return [
    call.request?.expression,
    ...call.set.flatMap((binding) => [binding.if, binding.bound.expression]),
    ...call.metadata.flatMap((binding) => [binding.if, binding.by]),
    ...call.onError.flatMap((rule) => [rule.if, ...rescueExpressions(rule.then)]),
    retryIfOverSteps(call),
    call.batch?.by.expression,
    call.batch?.wrap?.element.expression,
    call.batch?.keyBy?.by.expression,
  ];
}
/** What the policy of a call asks when it is made, or again: `retry.if`, and its branches. */
export function policyExpressions({ retry, branches }: Call["policy"]): (Expression | undefined)[] {
  return [retry.if, ...branches.flatMap((branch) => [branch.if, branch.by])];
}
/** What belongs to one request, and is not asked of it by name. */
const OF_A_REQUEST: ReadonlySet<Variable["role"]> = new Set(["step", "principal", "peer"]);

/** The `retry.if` of a call that may be repeated, where it reads steps or the caller: then it is asked per request, not made once per process. */
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

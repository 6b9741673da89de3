// What the sources of steps have in common, and what readers see of them.
import type { DescMethod } from "@bufbuild/protobuf";
import { type CelType, type Expression, type FieldType, fieldType, messageType, type Proto } from "../../cel/index.ts";
import type { IrStep } from "../../ir.ts";
import { protoOf } from "../conversions/proto-of.ts";
import type { MessageContext } from "../steps/context.ts";
import type { Batch, BySource, Call, CallSource, ComposeSource, GuardSource, Source } from "./model.ts";

/** A source with what readers see of it. */
export interface Resolved {
  readonly source: Source;
  readonly type: CelType | undefined;
  readonly proto: Proto | undefined;
  /** Whether it may have no value although nothing it reads is absent. */
  readonly absent: boolean;
  /** Every expression that has to be evaluated for it to have a value. */
  readonly needs: readonly (Expression | undefined)[];
  /** Expressions whose unsafe reads do not make the step absent: of switch cases, items, composed arguments. */
  readonly uses: readonly (Expression | undefined)[];
}

export function callsOf(source: Source): readonly Call[] {
  if (source.kind === "call") return [source.call];
  return source.kind === "each" ? callsOf(source.source) : [];
}

/** Whether its answer may be one from a cache past its ttl. */
export function mayBeStale({ effects, policy: { cache } }: Call): boolean {
  return effects === "none" && (cache.ttl?.value ?? 0) > 0 && (cache.stale?.value ?? 0) > 0;
}

export function composesOf(source: Source): readonly ComposeSource[] {
  if (source.kind === "compose") return [source];
  return source.kind === "each" ? composesOf(source.source) : [];
}

export function argsRead(
  cx: MessageContext,
  expressions: readonly (Expression | undefined)[],
): MessageContext["args"]["members"] {
  const read = new Set(expressions.flatMap((expression) => expression?.reads.map((read) => read.variable) ?? []));
  return cx.args.members.filter((arg) => read.has(arg.variable));
}

export const describe = (cx: MessageContext, step: IrStep): string =>
  `step ${step.name === undefined ? "" : `"${step.name.value}" `}of "${cx.ir.desc.name}"`;

export function value(source: BySource): Resolved {
  const { by } = source;
  return { source, type: by.type, proto: by.proto ?? protoOf(by.type), absent: false, needs: [by], uses: [] };
}

export function valueOfCall(call: Call): Resolved {
  const source: CallSource = { kind: "call", call };
  const needs = callExpressions(call);
  const ignores = call.onError.some((rule) => rule.then.kind === "ignore");
  const mayLack = call.batch !== undefined && !call.batch.many;
  const { type, proto } = answerOf(call.method, call.batch);
  if (call.batch !== undefined) return { source, type, proto, absent: ignores || mayLack, needs, uses: [] };
  // A Struct is a plain object only in a field.
  const read =
    call.method.output.typeName === "google.protobuf.Struct" ? { type, proto } : messageType(call.method.output);
  return { source, ...read, absent: ignores, needs, uses: [] };
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
    type: type.kind === "list" ? type.element : type.kind === "map" ? type.value : type,
    proto: proto.kind === "list" || proto.kind === "map" ? proto.of : proto,
  };
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
  ];
}
/** The `retry.if` of a call that may be repeated, where it reads steps: then it is asked per request, not made once per process. */
export function retryIfOverSteps({
  effects,
  policy: { retry },
}: Pick<Call, "effects" | "policy">): Expression | undefined {
  if (effects === "once" || (retry.attempts?.value ?? 3) <= 1) return undefined;
  return retry.if?.reads.some(({ variable }) => variable.role === "step") ? retry.if : undefined;
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

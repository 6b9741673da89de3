import {
  type CelType,
  type Expression,
  isComplete,
  type Node,
  type Proto,
  typeName,
  type Variable,
} from "../../cel/index.ts";
import { fault, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrEach, IrShard, IrStep } from "../../ir/step.ts";
import { protoOf } from "../../model/proto-of.ts";
import type { EachSource, Quorum, Source } from "../model/model.ts";
import { mostOf, shardsOf, withoutShards } from "../policies/shards.ts";
import { behind, check, checkCondition, checkValue } from "../scope/scope.ts";
import { resolveCall } from "./call.ts";
import { resolveCompose } from "./compose.ts";
import { describe, type MessageContext, type Resolved, value, valueOfCall } from "./context.ts";

export function resolveEach(cx: MessageContext, ir: IrEach, step: IrStep): Resolved | undefined {
  const { scope } = cx;
  const over = ir.in && check({ ...scope, scatters: true }, ir.in);
  if (over === undefined || ir.var === undefined || ir.source === undefined) return undefined;
  const item = itemOf(cx, over, ir.var);
  if (item === undefined) return undefined;
  const locals = [item];
  const condition = ir.if && checkCondition(scope, ir.if, "this `if`", locals);
  const chosen = behind(scope, ir.if, condition);
  const inner = resolveItem({ ...cx, scope: chosen }, ir.source, locals, step);
  const key = ir.key && check(chosen, ir.key, locals);
  if (inner === undefined || (ir.if && condition === undefined) || (ir.key && key === undefined)) return undefined;
  const keyProto = key && (key.proto ?? protoOf(key.type));
  if (
    key !== undefined &&
    (keyProto?.kind !== "scalar" || !["string", "int", "uint", "bool"].includes(key.type.kind))
  ) {
    return fault(scope.report, "BFF334", key.text.at, {
      message: `a key is string, int, uint or bool, not ${typeName(key.type)}`,
      hint: "name a field that differs between items, such as an id",
    });
  }
  const shards = scatteredOver(cx, over.root, inner.source);
  if (shards === "faulty") return undefined;
  const itemUnsafe = [condition, key, ...inner.needs].some((expression) => (expression?.unsafe.length ?? 0) > 0);
  const source: EachSource = {
    kind: "each",
    item,
    in: over,
    if: condition,
    source: inner.source as EachSource["source"],
    itemAbsent: inner.absent || itemUnsafe,
    key,
    partial: ir.partial?.value ?? false,
    concurrent: ir.concurrent?.value ?? 10,
    max: ir.max?.value ?? (shards && mostOf(shards)),
    scatters: shards !== undefined,
    quorum: quorumOf(ir),
  };
  const result = listOrMap(inner, key, keyProto);
  return { source, ...result, absent: false, needs: [over], uses: [condition, key, ...inner.needs, ...inner.uses] };
}

/**
 * Returns the shards that an `each` goes over; undefined: it goes over a list. Its call goes to one of them, so that the
 * emitted code finds their names in the called method.
 */
function scatteredOver(cx: MessageContext, root: Node, source: Source): IrShard | "faulty" | undefined {
  const [operand] = root.kind === "call" && root.overload === "shard_names" ? root.args : [];
  if (operand?.kind !== "constant") return undefined;
  const service = String(operand.value);
  const called = source.kind === "call" ? source.call.method.parent : undefined;
  if (called?.typeName === service) {
    const shards = shardsOf(cx.governing.entries, called);
    if (shards === undefined) cx.scope.report(withoutShards(called, operand.at));
    return shards ?? "faulty";
  }
  fault(cx.scope.report, "BFF273", operand.at, {
    message: `\`shard.names\` names "${service}", and this \`each\` calls ${called === undefined ? "nothing" : `"${called.typeName}"`}`,
    hint: "name the service of the `call` in this `each`",
  });
  return "faulty";
}

/** Without `partial`, `enough` is the minimum, too. `min: 0` is the default. */
function quorumOf({ partial, min, enough }: IrEach): Quorum | undefined {
  const least = (partial?.value === true ? min : enough)?.value || undefined;
  if (least === undefined && enough === undefined) return undefined;
  return { min: least, enough: enough?.value };
}

/** Returns the variable of an item. Undefined after a diagnostic. */
function itemOf(cx: MessageContext, over: Expression, name: Text): Variable | undefined {
  const { scope } = cx;
  if (over.type.kind !== "list")
    return fault(scope.report, "BFF333", over.text.at, {
      message: `\`each\` iterates over a list, but this is ${typeName(over.type)}`,
      hint: over.type.kind === "map" ? "iterate over its keys: …map(k, k)" : "name a repeated field, or a list",
    });
  const hidden =
    cx.ir.steps.find((other) => other.name !== undefined && other.name.value === name.value) ??
    cx.around.get(name.value);
  if (hidden !== undefined)
    return fault(scope.report, "BFF211", name.at, {
      message: `the variable "${name.value}" hides the step "${name.value}"`,
      related: [{ at: hidden.name?.at ?? hidden.at, message: "the step" }],
      hint: "give the variable another name",
    });
  const proto = over.proto?.kind === "list" ? over.proto.of : protoOf(over.type.element);
  return {
    name: name.value,
    role: "item",
    type: over.type.element,
    proto,
    absent: false,
    complete: isComplete(over.root),
  };
}

/** Returns the type of all items: a list, or with a key a map. */
function listOrMap(
  { type, proto }: Resolved,
  key: Expression | undefined,
  keyProto: Proto | undefined,
): { type: CelType; proto: Proto | undefined } {
  const element = type ?? { kind: "dyn" as const };
  if (key === undefined || keyProto?.kind !== "scalar")
    return { type: { kind: "list", element }, proto: proto && { kind: "list", of: proto } };
  return {
    type: { kind: "map", key: key.type, value: element },
    proto: proto && { kind: "map", key: keyProto.scalar, of: proto },
  };
}

function resolveItem(
  cx: MessageContext,
  source: NonNullable<IrEach["source"]>,
  locals: readonly Variable[],
  step: IrStep,
): Resolved | undefined {
  if (source.kind === "by") {
    const by = checkValue(cx.scope, source.by, locals);
    return by && value({ kind: "by", by });
  }
  if (source.kind === "compose") return resolveCompose(cx, source, locals, describe(cx, step));
  const call = resolveCall(cx, source, locals);
  return call && valueOfCall(call);
}

// The source of a step, with its type for readers.
import { type CelType, type Expression, messageType, type Proto } from "../../cel/index.ts";
import type { IrStep } from "../../ir/step.ts";
import { protoOf } from "../../model/proto-of.ts";
import { answerOf, callInputs, tagHoles } from "../model/blocks.ts";
import type { Call } from "../model/call.ts";
import type { BySource, CallSource, Source } from "../model/model.ts";
import type { MessageContext } from "./context.ts";

/** A source with its type and presence for readers. */
export interface Resolved {
  readonly source: Source;
  readonly type: CelType | undefined;
  readonly proto: Proto | undefined;
  /** True if it may have no value although none of its inputs is absent. */
  readonly absent: boolean;
  /** Every expression that has to be evaluated for it to have a value. */
  readonly needs: readonly (Expression | undefined)[];
  /** Expressions whose unsafe reads do not make the step absent: of switch cases, items, composed arguments. */
  readonly uses: readonly (Expression | undefined)[];
}

export function value(source: BySource): Resolved {
  const { by } = source;
  return { source, type: by.type, proto: by.proto ?? protoOf(by.type), absent: false, needs: [by], uses: [] };
}

export function valueOfCall(call: Call): Resolved {
  const source: CallSource = { kind: "call", call };
  const needs = callInputs(call);
  const uses = tagHoles(call.policy).map(({ by }) => by);
  const ignores = call.onError.some((rule) => rule.then.kind === "ignore");
  const mayLack = call.batch !== undefined && !call.batch.many;
  const { type, proto } = answerOf(call.method, call.batch);
  if (call.batch !== undefined) return { source, type, proto, absent: ignores || mayLack, needs, uses };
  // A Struct is a plain object only in a field.
  const read =
    call.method.output.typeName === "google.protobuf.Struct" ? { type, proto } : messageType(call.method.output);
  return { source, ...read, absent: ignores, needs, uses };
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

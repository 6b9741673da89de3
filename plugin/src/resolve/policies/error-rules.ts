import type { DescMethod } from "@bufbuild/protobuf";
import type { Code } from "@protobff/messages/options.js";
import { type CelType, type Proto, typeName, type Variable } from "../../cel/index.ts";
import { fault, type Origin } from "../../diagnostic/diagnostic.ts";
import type { IrErrorRule, IrPolicy } from "../../ir/step.ts";
import { conversion } from "../conversions/convert.ts";
import type { ErrorRule } from "../model/call.ts";
import { check, checkCondition, ERROR, type MessageScope, where } from "../scope/scope.ts";
import type { PolicyContext } from "./context.ts";
import { resolveFailure } from "./failure.ts";

/** Returns the rules without cases of a nearer rule, because the first match decides. */
export function reachable(nearestFirst: readonly ErrorRule[]): readonly ErrorRule[] {
  const taken = new Set<Code>();
  let all = false;
  return nearestFirst.flatMap((rule): ErrorRule[] => {
    const on = rule.on.filter((code) => !taken.has(code));
    if (all || (rule.on.length > 0 && on.length === 0)) return [];
    if (rule.if === undefined) {
      if (on.length === 0) all = true;
      for (const code of on) taken.add(code);
    }
    return [{ ...rule, on }];
  });
}

/** The value of a call for its reader: the response, or for a batch the part for one key. */
interface Gives {
  readonly method: DescMethod;
  /** Undefined: the call has no batch. */
  readonly batchAt: Origin | undefined;
  readonly type: CelType;
  readonly proto: Proto;
}

/**
 * Resolves the `on_error` rules of one level in order. A faulty rule is reported and left out.
 * @param gives undefined after a fault of the batch
 */
export function errorRules(
  cx: PolicyContext,
  scope: MessageScope,
  policy: IrPolicy,
  gives: Gives | undefined,
  locals: readonly Variable[],
): ErrorRule[] {
  const inside = [...locals, ERROR];
  return policy.onError.flatMap((rule: IrErrorRule): ErrorRule[] => {
    const condition = rule.if && checkCondition(scope, rule.if, "this `if`", inside);
    const on = rule.on.map((code) => code.value);
    const { at, then } = rule;
    if (then === undefined || (rule.if && condition === undefined)) return [];
    if (then.kind === "ignore") return [{ at, on, if: condition, then: { kind: "ignore" } }];
    const held = where(scope, condition);
    if (then.kind === "fail") {
      const fail = resolveFailure(held, then.fail, inside);
      return fail === undefined ? [] : [{ at, on, if: condition, then: { kind: "fail", fail } }];
    }
    const value = check(held, then.by, inside);
    if (value === undefined || gives === undefined) return [];
    const how = conversion(value, gives, cx.run.aliases);
    if (how.kind === "misfit" || mayBeNothing(value.type)) {
      const { method, batchAt, type } = gives;
      // An entry also applies to calls without a batch, for which its rule would have to return the response.
      const instead = batchAt && scope !== cx.scope ? ", or move the rule to the calls themselves" : "";
      fault(scope.report, "BFF336", then.by.at, {
        message: `the fallback is ${fallbackType(value.type)}, but "${method.name}" returns ${typeName(type)}${batchAt ? " for each key of a batch" : ""}`,
        related: batchAt ? [{ at: batchAt, message: "the batch" }] : [],
        hint: `${toWrite(type)}${instead}`,
      });
      return [];
    }
    const [absent] = value.unsafe;
    if (absent !== undefined) {
      fault(scope.report, "BFF605", then.by.at, {
        message: `the fallback of this rule may be absent: "${absent.name}" may be absent`,
        hint: "write a value that is always set, such as a literal",
      });
      return [];
    }
    return [{ at, on, if: condition, then: { kind: "fallback", value: { expression: value, conversion: how } } }];
  });
}

/** Returns true for values that may be null or an empty optional: the absence that a fallback replaces. */
export const mayBeNothing = (type: CelType): boolean =>
  type.kind === "null" || type.kind === "optional" || (type.kind === "message" && type.nullable === true);

/** Returns the name of a fallback's type, with null where the value may be null. */
export const fallbackType = (type: CelType): string =>
  `${typeName(type)}${type.kind === "message" && type.nullable ? " or null" : ""}`;

function toWrite(type: CelType): string {
  if (type.kind === "message") return `write ${typeName(type)}{ … }`;
  if (type.kind === "list" && type.element.kind === "message") return `write [${typeName(type.element)}{ … }], or []`;
  return `write ${typeName(type)}`;
}

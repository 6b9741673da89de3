import { type Expression, type Proto, sameType } from "../../cel/index.ts";
import { fault } from "../../diagnostic/diagnostic.ts";
import type { IrSwitch } from "../../ir/step.ts";
import type { BoundExpression } from "../../model/conversion.ts";
import { protoOf } from "../../model/proto-of.ts";
import { conversion } from "../conversions/convert.ts";
import { distinctTypeNames } from "../conversions/same-form.ts";
import type { SwitchSource } from "../model/model.ts";
import { check, checkCondition, reportNull, where } from "../scope/scope.ts";
import type { MessageContext, Resolved } from "./context.ts";

export function resolveSwitch(cx: MessageContext, ir: IrSwitch): Resolved | undefined {
  const { scope } = cx;
  // In later cases, the conditions of earlier cases are false.
  let others = scope;
  const cases = ir.cases.map((branch) => {
    const condition = branch.if && checkCondition(others, branch.if, "this `if`");
    const by = branch.by && check(where(others, condition), branch.by);
    others = where(others, condition, false);
    return { if: condition, by };
  });
  const standard = ir.default && check(others, ir.default);
  const values = [...cases.map((branch) => branch.by), ...(ir.default === undefined ? [] : [standard])];
  const [first] = values;
  if (first === undefined || values.includes(undefined) || cases.some((branch) => branch.if === undefined))
    return undefined;
  // The lead is a branch with a definite form, so that literals adapt to fields.
  const lead = values.find((branch) => branch?.proto !== undefined && branch.constant === undefined) ?? first;
  const type = lead.type;
  if (values.every((branch) => branch?.type.kind === "null")) {
    reportNull(scope, lead.text);
    return undefined;
  }
  const proto = lead.proto ?? protoOf(type);
  const bound = boundAlike(
    cx,
    values.filter((branch) => branch !== undefined),
    lead,
    proto,
  );
  if (bound === undefined) return undefined;
  const source: SwitchSource = {
    kind: "switch",
    cases: cases.flatMap((branch, i) => {
      const value = bound[i];
      return branch.if === undefined || value === undefined ? [] : [{ if: branch.if, value }];
    }),
    default: standard === undefined ? undefined : bound.at(-1),
  };
  const unsafe =
    values.some((branch) => (branch?.unsafe.length ?? 0) > 0) ||
    cases.some((branch) => (branch.if?.unsafe.length ?? 0) > 0);
  return {
    source,
    type,
    proto,
    absent: standard === undefined || unsafe,
    needs: [],
    uses: [...cases.map((branch) => branch.if), ...values],
  };
}

/** Returns the branches in the form of the leading one. Undefined after a diagnostic. */
function boundAlike(
  { scope, run }: MessageContext,
  branches: readonly Expression[],
  lead: Expression,
  proto: Proto | undefined,
): BoundExpression[] | undefined {
  const { type } = lead;
  const bound: BoundExpression[] = [];
  for (const branch of branches) {
    const how =
      proto && (sameType(branch.type, type) || branch.type.kind === "wrapper")
        ? conversion(branch, { type, proto }, run.aliases)
        : undefined;
    if (how === undefined || how.kind === "misfit") {
      const [branchType, leadType] = distinctTypeNames(
        { type: branch.type, proto: branch.proto ?? protoOf(branch.type) },
        { type, proto },
      );
      return fault(scope.report, "BFF335", branch.text.at, {
        message: `this branch is ${branchType}, but another is ${leadType}`,
        related: [{ at: lead.text.at, message: `${leadType} here` }],
        hint: "give all branches one type",
      });
    }
    bound.push({ expression: branch, conversion: how });
  }
  return bound;
}

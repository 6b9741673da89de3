import { type Expression, emitValue, type Names } from "../../cel/index.ts";
import type { PlanMethod } from "../../plan/model/plan.ts";
import { FAIR_SHARE, type FileNames, typeOfRequest } from "../names/file-names.ts";
import type { Line, Lines } from "../text/lines.ts";
import { absentAs, lambda, requestNames } from "../values/lambda.ts";

/** `share: FAIR_SHARE.rule((cx) => cx.principal.tenant),` */
export function shareProperty({ method, share }: PlanMethod, names: FileNames): Lines {
  if (share === undefined) return [];
  const { key, weight } = share.of;
  const within = requestNames(names, share.functions);
  const cx: Line = ["cx: ", ...typeOfRequest(["App"], method.callers, names)];
  const text = emitValue(key, within).print;
  const rules = [
    rule(key, key.type.kind === "string" ? text : ["String(", ...text, ")"], cx, within),
    ...(weight === undefined ? [] : [[", ", ...rule(weight, emitValue(weight, within).print, cx, within)]]),
  ];
  return [[`share: ${FAIR_SHARE}.rule(`, ...rules.flat(), "),"]];
}

const rule = (expression: Expression, print: Line, cx: Line, names: Names): Line =>
  lambda(cx, [], absentAs("undefined", expression, names, print));

import { emitValue, type Names } from "../../cel/index.ts";
import type { PlanAnswerHeaders, PlanMethod } from "../../plan/model/plan.ts";
import { type FileNames, typeOfRequest } from "../names/file-names.ts";
import { block, type Line, type Lines } from "../text/lines.ts";
import { absentAs, applies, lambda, requestNames } from "../values/lambda.ts";

/** `headers: [["x-tokens-used", (_cx, _args, result) => cel.int_to_string(result.tokens)]],` */
export function headersProperty({ method, headers }: PlanMethod, names: FileNames): Lines {
  if (headers === undefined) return [];
  const cx: Line = method.callers === undefined ? ["cx"] : ["cx: ", ...typeOfRequest(["App"], method.callers, names)];
  const within = requestNames(names, headers.functions);
  return block(
    ["headers: ["],
    headers.of.headers.map((header) => headerLine(header, cx, within, names)),
    ["],"],
  );
}

/** A header without a value is left out. */
function headerLine(
  { ir, name, by, if: condition }: PlanAnswerHeaders["of"]["headers"][number],
  cx: Line,
  within: Names,
  names: FileNames,
): Line {
  const value = absentAs("undefined", by, within, emitValue(by, within).print);
  const body: Line =
    condition === undefined ? value : ["(", ...applies(condition, within), ") ? ", ...value, " : undefined"];
  return [`[${JSON.stringify(name)}, `, ...lambda(cx, ["args", "result"], body), "],", ` // ${names.place(ir.at)}`];
}

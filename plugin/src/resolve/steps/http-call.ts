// A call over HTTP: checks that each part of its request has a place in a path, a query or a body.

import type { DescField } from "@bufbuild/protobuf";
import { fault, type Origin, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrCall } from "../../ir/step.ts";
import { fullName } from "../../model/full-name.ts";
import { pathName } from "../../model/path-name.ts";
import type { Call } from "../model/call.ts";
import { parameterKind, type RestRule } from "../model/rest.ts";

/**
 * @param sent the fields that the call sets, as far as they are known
 * @param whole whether these are all
 */
export function checkSent(
  { method, rule, at }: { readonly method: Call["method"]; readonly rule: RestRule; readonly at: Origin },
  ir: IrCall,
  sent: readonly (readonly DescField[])[],
  whole: boolean,
  report: Report,
): void {
  const { variables, body } = rule;
  for (const path of sent) {
    const [top] = path;
    const name = pathName(path);
    const last = path.at(-1);
    const named = variables.some((variable) => variable.name === name);
    if (named || body === "*" || top === body || last === undefined || parameterKind(last) !== "none") continue;
    const bind =
      ir.set.find((candidate) => candidate.name?.value === name) ??
      ir.set.find((candidate) => candidate.spread !== undefined);
    fault(report, "BFF290", bind?.name?.at ?? bind?.spread?.at ?? at, {
      message: `"${name}" has no place in a request to "${fullName(method)}": neither its path nor its body contains it, and a query cannot contain a ${shapeName(last)}`,
      related: [{ at: rule.ir.path.at, message: "the path" }],
      hint: "leave it out, or call it over gRPC: leave out `protocol`",
    });
  }
  if (!whole) return;
  for (const { name, fields } of variables) {
    if (sent.some((path) => path.every((field, i) => field === fields[i]))) continue;
    fault(report, "BFF291", at, {
      message: `the path of "${fullName(method)}" needs "${name}", which this call does not set`,
      related: [{ at: rule.ir.path.at, message: "the path" }],
      hint: `write \`set: { name: ${JSON.stringify(name)} by: "…" }\``,
    });
  }
}

/** The kind of value that a field without a place in a query holds. */
function shapeName(field: DescField): string {
  if (field.fieldKind === "map") return "map";
  return field.fieldKind === "list" ? "list of messages" : (field.message?.typeName ?? "message");
}

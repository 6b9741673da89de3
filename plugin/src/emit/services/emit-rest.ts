import type { PlanMethod } from "../../plan/model/plan.ts";
import type { FileNames } from "../names/file-names.ts";
import { block, type Line, type Lines } from "../text/lines.ts";

/** `rest: [{ method: "GET", segments: ["v1", "books", "*"], variables: [{ field: "id", from: 2, to: 3 }] }],` */
export function restProperty({ rest }: PlanMethod, names: FileNames): Lines {
  if (rest.length === 0) return [];
  const rows = rest.map((rule): Line => [`{ ${ruleText(rule)} }, // ${names.place(rule.ir.path.at)}`]);
  return block(["rest: ["], rows, ["],"]);
}

/** `method: "GET", segments: ["v1", "books", "*"], …` */
export function ruleText({ ir, variables, body, responseBody }: PlanMethod["rest"][number]): string {
  const { segments, verb } = ir.template;
  return [
    `method: ${JSON.stringify(ir.method)}`,
    `segments: [${segments.map((segment) => JSON.stringify(segment)).join(", ")}]`,
    ...(verb === undefined ? [] : [`verb: ${JSON.stringify(verb)}`]),
    ...(variables.length === 0 ? [] : [`variables: [${variables.map(variableText).join(", ")}]`]),
    ...(body === undefined ? [] : [`body: ${JSON.stringify(body === "*" ? body : body.name)}`]),
    ...(responseBody === undefined ? [] : [`responseBody: ${JSON.stringify(responseBody.name)}`]),
  ].join(", ");
}

const variableText = ({ name, from, to }: PlanMethod["rest"][number]["variables"][number]): string =>
  `{ field: ${JSON.stringify(name)}, from: ${from}, to: ${to} }`;

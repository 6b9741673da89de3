// Request fields in a path of google.api.http, and the messages that the RPC sends and returns as bodies.

import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import { type Diagnostic, didYouMean, fault, type Report } from "../../diagnostic/diagnostic.ts";
import type { HttpVariable, IrHttpRule } from "../../ir/edge.ts";
import type { RestRule } from "../model/rest.ts";

/** Resolves the fields of a rule. A caller that sees a diagnostic ignores the rule. */
export function boundFields(ir: IrHttpRule, { input, output }: DescMethod, report: Report): RestRule {
  const variables = variablesOf(ir, input, report);
  const body = bodyOf(ir, input, variables, report);
  const { responseBody: named } = ir;
  const responseBody = named && topLevel(output, named, "response", "BFF278", report);
  return { ir, variables, body, responseBody };
}

/**
 * Returns the directions in which the body is `google.api.HttpBody`, which is not JSON although ProtoJSON can encode
 * it.
 */
export function httpBodies(
  { ir, body, responseBody }: RestRule,
  { input, output }: DescMethod,
): readonly ("request" | "response")[] {
  const carriers: [DescMessage | undefined, "request" | "response"][] = [
    [body === "*" ? input : body?.message, "request"],
    [ir.responseBody === undefined ? output : responseBody?.message, "response"],
  ];
  return carriers.flatMap(([message, of]) => (message?.typeName === "google.api.HttpBody" ? [of] : []));
}

function variablesOf(ir: IrHttpRule, input: DescMessage, report: Report): RestRule["variables"] {
  const seen = new Map<string, HttpVariable>();
  return ir.template.variables.flatMap((variable) => {
    const at = ir.path.place(variable.at, variable.at + variable.field.length);
    const before = [...seen.keys()].find((name) => overlaps(name, variable.field));
    if (before !== undefined) {
      const other = seen.get(before);
      fault(report, "BFF280", at, {
        message: `"${variable.field}" is in this path twice`,
        ...(other !== undefined && {
          related: [{ at: ir.path.place(other.at, other.at + other.field.length), message: "the first time" }],
        }),
        hint: "name another field in each variable",
      });
      return [];
    }
    seen.set(variable.field, variable);
    const fields = fieldsOf(ir, variable, input, report);
    return fields === undefined ? [] : [{ name: variable.field, fields, from: variable.from, to: variable.to }];
  });
}
const overlaps = (a: string, b: string): boolean => a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);

/** Returns the path to a field. Undefined after a diagnostic. */
function fieldsOf(
  ir: IrHttpRule,
  { field: path, at: start }: HttpVariable,
  input: DescMessage,
  report: Report,
): readonly DescField[] | undefined {
  const names = path.split(".");
  const found: DescField[] = [];
  let message: DescMessage = input;
  let offset = start;
  for (const [i, name] of names.entries()) {
    const at = ir.path.place(offset, offset + name.length);
    const field = message.fields.find((candidate) => candidate.name === name);
    if (field === undefined) {
      report(noField("BFF275", message, name, at));
      return undefined;
    }
    found.push(field);
    const last = i === names.length - 1;
    if (last && (field.fieldKind === "scalar" || field.fieldKind === "enum")) return found;
    if (last || field.fieldKind !== "message" || field.message.typeName.startsWith("google.protobuf."))
      return fault(report, "BFF276", at, {
        message: `"${name}" is ${kindOf(field)}, but a path contains single values: text, numbers, bools and enums`,
        hint: last
          ? "name another field, or a field inside it, or move it to the query or the body"
          : "name a field inside single messages",
      });
    message = field.message;
    offset += name.length + 1;
  }
  return undefined;
}

function kindOf(field: DescField): string {
  if (field.fieldKind === "list") return "a list";
  if (field.fieldKind === "map") return "a map";
  return field.message === undefined ? "a single value" : "a message";
}

function bodyOf(
  ir: IrHttpRule,
  input: DescMessage,
  variables: RestRule["variables"],
  report: Report,
): RestRule["body"] {
  const { body } = ir;
  if (body === undefined) return undefined;
  if (body.value === "*") return "*";
  const field = topLevel(input, body, "request", "BFF277", report);
  const taken = variables.find(({ fields }) => fields.length === 1 && fields[0] === field);
  if (field === undefined || taken === undefined) return field;
  return fault(report, "BFF280", body.at, {
    message: `"${body.value}" is already in the path`,
    hint: 'name another field, or write "*" for all fields outside the path',
  });
}

/** Undefined after a diagnostic. */
function topLevel(
  message: DescMessage,
  text: NonNullable<IrHttpRule["body"]>,
  of: "request" | "response",
  code: "BFF277" | "BFF278",
  report: Report,
): DescField | undefined {
  const field = message.fields.find((candidate) => candidate.name === text.value);
  if (field !== undefined) return field;
  const { hint, ...rest } = noField(code, message, text.value, text.at);
  const top = text.value.includes(".") ? `name a field of the ${of} itself, not a field inside it` : hint;
  report({ ...rest, ...(top !== undefined && { hint: top }) });
  return undefined;
}

function noField(code: Diagnostic["code"], message: DescMessage, name: string, at: Diagnostic["at"]): Diagnostic {
  const hint = fieldHint(message, name);
  return { code, severity: "error", message: `"${message.typeName}" has no field "${name}"`, at, hint };
}

/** The hint for a name that no field of the message has. */
function fieldHint(message: DescMessage, name: string): string {
  const names = message.fields.map((field) => field.name);
  const like = message.fields.find((field) => field.jsonName === name)?.name ?? didYouMean(name, names);
  if (like !== undefined) return `did you mean "${like}"?`;
  return names.length === 0 ? `declare it in "${message.typeName}"` : `use one of its fields: ${names.join(", ")}`;
}

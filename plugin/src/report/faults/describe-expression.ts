// Expressions as data, for the report of behaviour.
import type { DescField } from "@bufbuild/protobuf";
import { type Expression, fieldType, type Node, presenceOf, unsetIsNull, type Variable } from "../../cel/index.ts";
import type { ExpressionReport, ReadReport, TreeReport, ValueReport } from "../../faults/index.ts";
import { zeroOf } from "./samples.ts";

export function expressionReport(expression: Expression): ExpressionReport {
  const { text, root, reads, unsafe, path } = expression;
  return {
    text: text.value,
    tree: treeOf(root, new Set(unsafe)),
    reads: distinct(
      reads.flatMap(({ variable, safe }) =>
        variable.role === "field" ? [] : [{ name: nameOf(variable), ...(safe && { safe: true as const }) }],
      ),
    ),
    ...(path && { path: true as const }),
  };
}
export function maybe(expression: Expression | undefined): ExpressionReport | undefined {
  return expression && expressionReport(expression);
}

/** `args.x`, `env.X`, or a name alone. */
function nameOf({ name, role }: Variable): string {
  return role === "arg" ? `args.${name}` : name;
}

function distinct(reads: readonly ReadReport[]): ReadReport[] {
  return [...new Map(reads.map((read) => [JSON.stringify(read), read])).values()];
}

/** @param unsafe the fields without which the expression is missing */
function treeOf(node: Node, unsafe: ReadonlySet<Variable>): TreeReport {
  const of = (part: Node): TreeReport => treeOf(part, unsafe);
  switch (node.kind) {
    case "constant":
      return { value: constantOf(node.value) };
    case "name":
      if (node.variable.role === "failure") return { failure: node.variable.name };
      return { name: nameOf(node.variable) };
    case "enum":
      return { value: { int: String(node.value.number) } };
    case "select":
      return {
        ...(typeof node.field === "string"
          ? { get: node.field, of: of(node.of), zero: "" }
          : fieldOf(of(node.of), node.field)),
        ...(node.test && { test: true as const }),
        ...(node.optional && { optional: true as const }),
        ...((node.gap ?? (node.place && unsafe.has(node.place))) && { needed: true as const }),
      };
    case "call":
      return {
        call: node.userFunction === undefined ? node.overload : node.fn,
        args: node.args.map(of),
        ...(node.fails && { fails: true as const }),
        ...(node.gap && { needed: true as const }),
        ...(node.userFunction && { own: true as const }),
      };
    case "ok":
      if (node.field !== undefined) return { there: node.field.field.name, of: of(node.field.of) };
      return { ok: nameOf(node.variable), ...(node.set && { set: true as const }) };
    case "received":
      return { value: "" }; // mocks answer without headers
    case "list":
      return {
        list: node.elements.map(of),
        ...(node.optionals && node.optionals.size > 0 && { optionals: [...node.optionals] }),
      };
    case "map":
      return { entries: node.entries.map(([key, value, optional]) => [of(key), of(value), optional === true]) };
    case "message":
      return {
        message: node.desc.typeName,
        fields: node.fields.map(({ field, value, optional }) => ({
          name: field.name,
          by: of(value),
          ...(optional && { optional: true as const }),
        })),
      };
    case "macro":
      return { macro: node.macro, range: of(node.range), vars: node.vars.map(nameIn), args: node.args.map(of) };
    case "typename":
    case "extension":
      return { unpredictable: node.kind };
  }
}

const nameIn = ({ name }: Variable): string => name;

/** Returns a field of a tree's result. */
export function fieldOf(of: TreeReport, field: DescField): Extract<TreeReport, { readonly get: string }> {
  return {
    get: field.name,
    of,
    zero: readZero(field),
    ...(presenceOf(field) !== "implicit" && { presence: true as const }),
  };
}

/** Returns the value that an unset field has in an expression: null for wrappers and Any. */
function readZero(field: DescField): ValueReport {
  return unsetIsNull(fieldType(field)) ? null : zeroOf(field);
}

function constantOf(value: string | bigint | number | boolean | null | Uint8Array): ValueReport {
  if (typeof value === "bigint") return { int: String(value) };
  if (typeof value === "number") return { double: value };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString("base64") };
  return value;
}

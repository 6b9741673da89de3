import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { childrenOf, type Expression, type Node, type Variable } from "../../cel/index.ts";
import { caution } from "../../diagnostic/diagnostic.ts";
import type { Test } from "../../model/rules.ts";
import { callsIn, composesOf, expressionsIn, messagesByName, methodsOf } from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import type { BffMethod, Composed, Model } from "../../resolve/model/model.ts";
import { fieldOfArgs } from "../../resolve/model/page-calls.ts";
import type { Check } from "../check.ts";

/** Reports page sizes of upstream requests that clients choose without a bound. */
export const unboundedPages: Check = {
  rules: {
    BFF707:
      "The number of items that a call requests has a bound. Otherwise a client determines the size of the upstream's answer.",
  },
  run(model, report) {
    const client = clientNumbers(model);
    // The count of an order is no size of a page.
    for (const call of model.messages.flatMap(callsIn).filter(({ effects }) => effects === "none"))
      for (const { field, value } of sizesOf(call)) {
        if (!isUnbounded(value, client)) continue;
        caution(report, "BFF707", value.at, {
          message: `clients set "${field.name}" of "${call.method.name}" to any number`,
          hint: "bound it by `page.size` or `math.least`, or by a rule of buf.validate, such as (buf.validate.field).int32.lte = 100",
        });
      }
  },
};

/** Fields of requests that set the number of items of an answer. */
const SIZES: ReadonlySet<string> = new Set(["page_size", "limit", "max_results", "first", "count"]);
const INTEGERS: ReadonlySet<ScalarType | undefined> = new Set([
  ...[ScalarType.INT32, ScalarType.INT64, ScalarType.UINT32, ScalarType.UINT64],
  ...[ScalarType.SINT32, ScalarType.SINT64, ScalarType.FIXED32, ScalarType.FIXED64],
  ...[ScalarType.SFIXED32, ScalarType.SFIXED64],
]);

interface SizeField {
  readonly field: DescField;
  readonly value: Node;
}

function sizesOf({ set, request }: Call): readonly SizeField[] {
  const found = set.flatMap(({ path, bound }) => {
    const field = path.at(-1);
    return field === undefined ? [] : [{ field, value: bound.expression.root }];
  });
  const written = request === undefined ? [] : fieldsIn(request.expression.root);
  return [...found, ...written].filter(({ field }) => SIZES.has(field.name) && INTEGERS.has(field.scalar));
}

function fieldsIn(node: Node): readonly SizeField[] {
  const fields = node.kind === "message" ? node.fields.map(({ field, value }) => ({ field, value })) : [];
  return [...fields, ...childrenOf(node).flatMap(fieldsIn)];
}

/** A step, an argument, or a field of a request that a message receives whole. */
type Origin = Variable | DescField;

/** Returns the values with numbers of any size from a request, through steps and arguments. */
function clientNumbers(model: Model): ReadonlySet<Origin> {
  const byName = messagesByName(model.messages);
  const client = new Set<Origin>();
  for (const method of methodsOf(model)) for (const origin of numbersOf(method, model)) client.add(origin);
  for (let before = -1; before !== client.size; ) {
    before = client.size;
    for (const { source, variable } of model.messages.flatMap(({ steps }) => steps)) {
      if (variable !== undefined && source.kind === "by" && isUnbounded(source.by.root, client)) client.add(variable);
      for (const { message, args } of composesOf(source)) addArguments(byName.get(message.typeName), args, client);
    }
  }
  return client;
}

function addArguments(
  child: Composed | undefined,
  args: readonly { readonly name: string; readonly by: Expression }[],
  client: Set<Origin>,
): void {
  for (const { name, by } of args) {
    const member = child?.args.members.find((candidate) => candidate.name === name);
    if (member !== undefined && isUnbounded(by.root, client)) client.add(member.variable);
  }
}

/** Returns the numbers of an rpc's request that no rule, no guard and no cost of a limit bounds. */
function numbersOf({ ir, desc, composed, limits }: BffMethod, model: Model): readonly Origin[] {
  const guards = { steps: composed.steps.filter(({ source }) => source.kind === "guard"), targets: [] };
  const blocks = limits === undefined ? [guards] : [guards, limits];
  const bounded = new Set(blocks.flatMap(expressionsIn).flatMap(({ root }) => fieldsRead(root)));
  const validated = ir.validate?.value !== false;
  return desc.input.fields
    .filter((field) => isNumber(field) && !bounded.has(field.name))
    .filter((field) => !(validated && isRuled(field, desc.input, model)))
    .flatMap((field): Origin[] => {
      const member = composed.args.members.find(({ name }) => name === field.name);
      return member === undefined ? [field] : [field, member.variable];
    });
}

function fieldsRead(node: Node): readonly string[] {
  const field = fieldOfArgs(node);
  return [...(field === undefined ? [] : [field]), ...childrenOf(node).flatMap(fieldsRead)];
}

function originOf(node: Node): Origin | undefined {
  if (node.kind === "name") return node.variable;
  if (node.kind !== "select" || typeof node.field === "string" || node.of.kind !== "name") return undefined;
  return node.of.variable.role === "args" ? node.field : undefined;
}

function originsIn(node: Node): readonly Origin[] {
  const origin = originOf(node);
  return [...(origin === undefined ? [] : [origin]), ...childrenOf(node).flatMap(originsIn)];
}

/** Integers, and their wrappers. */
const isNumber = ({ scalar, message }: DescField): boolean =>
  INTEGERS.has(scalar) || /^google\.protobuf\.U?Int(32|64)Value$/.test(message?.typeName ?? "");

function isRuled(field: DescField, input: DescMessage, { rules }: Model): boolean {
  const ruled = rules.get(input)?.fields.find((candidate) => candidate.field === field);
  if (ruled?.value === undefined) return false;
  const { cel, predefined, checks } = ruled.value;
  return cel.length + predefined.length > 0 || checks.some(({ test }) => bounds(test));
}

function bounds(test: Test): boolean {
  return (test.kind === "range" && test.high !== undefined) || test.kind === "equal" || test.kind === "in";
}

/** Returns true if the value may be a number of any size from a request. */
function isUnbounded(node: Node, client: ReadonlySet<Origin>): boolean {
  const origin = originOf(node);
  if (origin !== undefined) return client.has(origin);
  if (node.kind !== "call" || node.overload === "page_size" || node.type.kind === "bool") return false;
  const parts = node.args.flatMap((arg) => (arg.kind === "list" ? arg.elements : [arg]));
  const open = parts.map((part) => isNumeric(part) && isUnbounded(part, client));
  if (node.overload === "math_least") return open.every(Boolean);
  // A condition that reads the number bounds it.
  if (node.overload === "conditional") {
    const [condition] = node.args;
    const read = condition === undefined ? [] : originsIn(condition);
    return open.slice(1).some(Boolean) && !read.some((origin) => client.has(origin));
  }
  return node.fn !== "_%_" && open.some(Boolean);
}

const isNumeric = ({ type }: Node): boolean => ["int", "uint", "double", "wrapper", "optional"].includes(type.kind);

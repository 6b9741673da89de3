import type { CelType, Expression, Node, Variable } from "../../cel/index.ts";
import { blocksOf } from "./blocks.ts";
import type { EachSource, Model, Source, Step } from "./model.ts";
import { composesOf } from "./source-parts.ts";

/** So many items of a list that the client sends an `each` takes where nobody says. */
export const MOST_ASKED = 10_000;
/** Whether an item costs more than an expression. */
export const isCostly = ({ source }: EachSource): boolean => source.kind !== "by";

/**
 * The `each` steps whose list is as long as the client likes: it is made of what a request holds, through whatever expressions, arguments
 * and steps. Lists that upstreams give are not, though a request may choose among their items.
 */
export function requestLists(model: Model): ReadonlySet<Step> {
  const messages = new Map(model.messages.map((message) => [message.desc.typeName, message]));
  const given = new Set<Variable>();
  for (const method of model.files.flatMap((file) => file.services).flatMap((service) => service.methods)) {
    const { args } = method.composed;
    given.add(args.variable);
    // A stream's item is an upstream's.
    const item = method.stream?.stream.var?.value;
    for (const { name, variable } of args.members) if (name !== item) given.add(variable);
  }
  const steps = blocksOf(model).flatMap((block) => [...block.shared, ...block.steps]);
  for (let before = -1; before !== given.size; ) {
    before = given.size;
    for (const { source, variable } of steps) {
      if (source.kind === "each" && gives(source.in, given)) given.add(source.item);
      if (variable !== undefined && givesValue(source, given)) given.add(variable);
      for (const { message, args } of composesOf(source)) {
        const child = messages.get(message.typeName)?.args;
        for (const { name, by } of args) {
          const member = child?.members.find((one) => one.name === name);
          if (member !== undefined && gives(by, given)) given.add(member.variable);
        }
        if (child?.message !== undefined && args.some(({ by }) => gives(by, given))) given.add(child.variable);
      }
    }
  }
  return new Set(steps.filter(({ source }) => source.kind === "each" && gives(source.in, given)));
}

type Given = ReadonlySet<Variable>;

/** Calls, and what is composed, are the server's; items with a bound of their own are few. */
function givesValue(source: Source, given: Given): boolean {
  switch (source.kind) {
    case "by":
      return gives(source.by, given);
    case "each":
      return source.max === undefined && source.source.kind === "by" && gives(source.in, given);
    case "switch":
      return [...source.cases.map(({ value }) => value), source.default].some((bound) =>
        gives(bound?.expression, given),
      );
    case "shared":
      return source.of.some((step) => givesValue(step.source, given));
    default:
      return false;
  }
}

const gives = (expression: Expression | undefined, given: Given): boolean =>
  expression !== undefined && holds(expression.root, given);

/** Whether what is in the value may come from the client, as far as its length goes: a condition chooses, and adds nothing. */
function holds(node: Node, given: Given): boolean {
  switch (node.kind) {
    case "name":
      return given.has(node.variable);
    case "select":
    case "extension":
      return holds(node.of, given);
    case "macro":
      return holds(node.range, given) || (node.macro !== "filter" && node.args.some((arg) => holds(arg, given)));
    case "list":
      return node.elements.some((element) => isLong(element.type) && holds(element, given));
    case "map":
      return node.entries.some(([, value]) => isLong(value.type) && holds(value, given));
    case "message":
      return node.fields.some(({ value }) => holds(value, given));
    case "call":
      return partsOf(node.fn, node.args).some((part) => holds(part, given));
    default:
      return false;
  }
}

/** What the length of a call's result rests on: the lists among its operands; where there are none, of whatever a list is made. */
function partsOf(fn: string, args: readonly Node[]): readonly Node[] {
  if (fn === "_?_:_") return args.slice(1);
  if (fn === "_[_]" || fn === "_[?_]") return args.slice(0, 1);
  const long = args.filter(({ type }) => isLong(type));
  return long.length > 0 ? long : args;
}
const isLong = ({ kind }: CelType): boolean =>
  !["int", "uint", "double", "bool", "string", "bytes", "timestamp", "duration", "null"].includes(kind);

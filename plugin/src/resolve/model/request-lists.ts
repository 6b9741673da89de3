import type { CelType, Expression, Node, Variable } from "../../cel/index.ts";
import { blocksOf, composesOf, messagesByName } from "./blocks.ts";
import type { EachSource, Model, Source, Step } from "./model.ts";

/** Default maximum number of items that an `each` takes of a list from the client. */
export const MAX_CLIENT_ITEMS = 10_000;
/** Returns true if an item costs more than an expression. */
export const isCostly = ({ source }: EachSource): boolean => source.kind !== "by";

/**
 * Returns the `each` steps whose list has a length that the client chooses: the list contains request values, through
 * any expressions, arguments and steps. Lists from upstreams do not count, even if a request chooses among their items.
 */
export function requestLists(model: Model): ReadonlySet<Step> {
  const messages = messagesByName(model.messages);
  const clientValues = new Set<Variable>();
  for (const method of model.files.flatMap((file) => file.services).flatMap((service) => service.methods)) {
    const { args } = method.composed;
    clientValues.add(args.variable);
    // A stream's item comes from an upstream.
    const item = method.stream?.stream.var?.value;
    for (const { name, variable } of args.members) if (name !== item) clientValues.add(variable);
  }
  const steps = blocksOf(model).flatMap((block) => [...block.shared, ...block.steps]);
  for (let before = -1; before !== clientValues.size; ) {
    before = clientValues.size;
    for (const { source, variable } of steps) {
      if (source.kind === "each" && gives(source.in, clientValues)) clientValues.add(source.item);
      if (variable !== undefined && givesValue(source, clientValues)) clientValues.add(variable);
      for (const { message, args } of composesOf(source)) {
        const child = messages.get(message.typeName)?.args;
        for (const { name, by } of args) {
          const member = child?.members.find((candidate) => candidate.name === name);
          if (member !== undefined && gives(by, clientValues)) clientValues.add(member.variable);
        }
        if (child?.message !== undefined && args.some(({ by }) => gives(by, clientValues)))
          clientValues.add(child.variable);
      }
    }
  }
  return new Set(steps.filter(({ source }) => source.kind === "each" && gives(source.in, clientValues)));
}

type ClientValues = ReadonlySet<Variable>;

/** Results of calls and composed messages come from the server. Items with their own bound are few. */
function givesValue(source: Source, clientValues: ClientValues): boolean {
  switch (source.kind) {
    case "by":
      return gives(source.by, clientValues);
    case "each":
      return source.max === undefined && source.source.kind === "by" && gives(source.in, clientValues);
    case "switch":
      return [...source.cases.map(({ value }) => value), source.default].some((bound) =>
        gives(bound?.expression, clientValues),
      );
    case "shared":
      return source.of.some((step) => givesValue(step.source, clientValues));
    default:
      return false;
  }
}

const gives = (expression: Expression | undefined, clientValues: ClientValues): boolean =>
  expression !== undefined && holds(expression.root, clientValues);

/**
 * Returns true if the value may contain client values that determine its length. A condition only chooses between
 * values.
 */
function holds(node: Node, clientValues: ClientValues): boolean {
  switch (node.kind) {
    case "name":
      return clientValues.has(node.variable);
    case "select":
    case "extension":
      return holds(node.of, clientValues);
    case "macro":
      return (
        holds(node.range, clientValues) ||
        (node.macro !== "filter" && node.args.some((arg) => holds(arg, clientValues)))
      );
    case "list":
      return node.elements.some((element) => isLong(element.type) && holds(element, clientValues));
    case "map":
      return node.entries.some(([, value]) => isLong(value.type) && holds(value, clientValues));
    case "message":
      return node.fields.some(({ value }) => holds(value, clientValues));
    case "call":
      return partsOf(node.fn, node.args).some((part) => holds(part, clientValues));
    default:
      return false;
  }
}

/**
 * Returns the operands that determine the length of a call's result: the lists among its operands, or all operands if
 * there is no list.
 */
function partsOf(fn: string, args: readonly Node[]): readonly Node[] {
  if (fn === "_?_:_") return args.slice(1);
  if (fn === "_[_]" || fn === "_[?_]") return args.slice(0, 1);
  const long = args.filter(({ type }) => isLong(type));
  return long.length > 0 ? long : args;
}
const isLong = ({ kind }: CelType): boolean =>
  !["int", "uint", "double", "bool", "string", "bytes", "timestamp", "duration", "null"].includes(kind);

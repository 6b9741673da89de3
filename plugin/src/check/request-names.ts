// Parts of a request that expressions read: values from the client, and the caller.
import type { DescMessage } from "@bufbuild/protobuf";
import { type CelType, childrenOf, type Expression, type Node, type Variable } from "../cel/index.ts";
import { reachable } from "../graph/graph.ts";
import { sourceExpressions } from "../resolve/model/blocks.ts";
import type { Permit, Step } from "../resolve/model/model.ts";

/** The principal of the caller, or the address of the peer. */
export const CALLER = "the caller";
export const ARGS = "args";
export const HEADERS = "headers";
/** Names of headers that differ from request to request. */
export const REQUEST_IDS: ReadonlySet<string> = new Set([
  "x-request-id",
  "x-correlation-id",
  "x-trace-id",
  "x-amzn-trace-id",
  "x-cloud-trace-context",
  "traceparent",
  "b3",
]);

/**
 * Returns fields of the request by their path (`args.id`, `args.at.id`), headers by name (`headers.x-app`), either as a whole,
 * or the caller.
 */
export function namesRead({ root, reads }: Expression): readonly string[] {
  const found = reads.flatMap(({ variable: { role, name } }) => {
    if (role === "arg") return [`${ARGS}.${name}`];
    return role === "principal" || role === "peer" ? [CALLER] : [];
  });
  const visit = (node: Node): void => {
    const name = nameAt(node);
    if (name !== undefined) found.push(name);
    for (const child of name === undefined ? childrenOf(node) : restOf(node)) visit(child);
  };
  visit(root);
  return found;
}

function nameAt(node: Node): string | undefined {
  switch (node.kind) {
    case "select": {
      const before = fieldsOf(node.of);
      return before && `${before}.${typeof node.field === "string" ? node.field : node.field.name}`;
    }
    case "call": {
      if (node.overload !== "header" && node.overload !== "has_header") return undefined;
      const [, name] = node.args;
      return name?.kind === "constant" ? `${HEADERS}.${String(name.value).toLowerCase()}` : HEADERS;
    }
    case "name":
      if (node.variable.role === "args") return ARGS;
      return node.variable.role === "headers" ? HEADERS : undefined;
    default:
      return undefined;
  }
}
/** Returns the path of an argument or of a field in it. `items`: the paths of lists by the variables of macros. */
function fieldsOf(node: Node, items?: ReadonlyMap<Variable, string>): string | undefined {
  if (node.kind === "name") {
    if (node.variable.role === "arg") return `${ARGS}.${node.variable.name}`;
    return node.variable.role === "args" ? ARGS : items?.get(node.variable);
  }
  const before = node.kind === "select" ? fieldsOf(node.of, items) : undefined;
  if (node.kind !== "select" || before === undefined) return undefined;
  return `${before}.${typeof node.field === "string" ? node.field : node.field.name}`;
}
/** A field of the request that an expression passes on, of an item of a macro by the path of the list. */
interface FieldSent {
  readonly name: string;
  /** The message, if all of its fields are passed on. */
  readonly desc: DescMessage | undefined;
}
/** Macros whose value contains no item of their list. */
const WITHOUT_ITEMS: ReadonlySet<string> = new Set([
  "all",
  "bind",
  "exists",
  "exists_one",
  "existsOne",
  "map",
  "reduce",
]);

/** Returns the fields of the request that an expression passes on. */
export function fieldsSent({ root }: Expression): readonly FieldSent[] {
  const items = new Map<Variable, string>();
  const visit = (node: Node): readonly FieldSent[] => {
    const name = fieldsOf(node, items);
    if (name !== undefined) return [{ name, desc: messageOf(node.type) }];
    const range = node.kind === "macro" ? fieldsOf(node.range, items) : undefined;
    if (node.kind !== "macro" || range === undefined) return childrenOf(node).flatMap(visit);
    for (const variable of node.vars) items.set(variable, range);
    return [...(WITHOUT_ITEMS.has(node.macro) ? [] : visit(node.range)), ...node.args.flatMap(visit)];
  };
  return visit(root);
}
function messageOf(type: CelType): DescMessage | undefined {
  if (type.kind === "message") return type.desc;
  if (type.kind === "list") return messageOf(type.element);
  return type.kind === "map" ? messageOf(type.value) : undefined;
}

/** The name of a header may be an expression. */
const restOf = (node: Node): readonly Node[] => (node.kind === "call" ? node.args.slice(1) : []);

/** Returns the parts of a request that steps read, directly or through the steps that they read. */
export function namesBehind(steps: readonly Step[]): ReadonlySet<string> {
  const all = reachable(steps, ({ source, reads }) => (source.kind === "shared" ? source.of : reads));
  const expressions = all.flatMap((step) => [step.if, ...sourceExpressions(step.source)]);
  return new Set(expressions.flatMap((expression) => (expression === undefined ? [] : namesRead(expression))));
}

/** Returns true if scopes or roles decide. */
export const namesWho = (permit: Permit | undefined): boolean =>
  permit !== undefined && permit.scopes.length + permit.roles.length > 0;

/** Returns true if two names are equal, or one is a part of the other: `args` and `args.id`. */
export const overlap = (a: string, b: string): boolean => a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);

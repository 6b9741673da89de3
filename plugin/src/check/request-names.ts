// Parts of a request that expressions read: values from the client, and the caller.
import { childrenOf, type Expression, type Node } from "../cel/index.ts";
import { reachable } from "../graph/graph.ts";
import type { Permit, Step } from "../resolve/model/model.ts";
import { sourceExpressions } from "../resolve/model/source-parts.ts";

/** The principal of the caller, or the address of the peer. */
export const CALLER = "the caller";
export const ARGS = "args";
export const HEADERS = "headers";

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
/** Returns the path of an argument or of a field in it. */
function fieldsOf(node: Node): string | undefined {
  if (node.kind === "name") {
    if (node.variable.role === "arg") return `${ARGS}.${node.variable.name}`;
    return node.variable.role === "args" ? ARGS : undefined;
  }
  const before = node.kind === "select" ? fieldsOf(node.of) : undefined;
  if (node.kind !== "select" || before === undefined) return undefined;
  return `${before}.${typeof node.field === "string" ? node.field : node.field.name}`;
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

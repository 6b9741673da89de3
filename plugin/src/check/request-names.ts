// Which parts of a request expressions read: what a client names, and who it is.
import { childrenOf, type Expression, type Node } from "../cel/index.ts";
import { reachable } from "../graph/graph.ts";
import type { Permit, Step } from "../resolve/model/model.ts";
import { sourceExpressions } from "../resolve/model/source-parts.ts";

/** What is known of the caller, or of where they are. */
export const CALLER = "the caller";
export const ARGS = "args";
export const HEADERS = "headers";

/** Fields of the request by their first name (`args.id`), headers by theirs (`headers.x-app`), the whole of either, the caller. */
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
    case "select":
      if (node.of.kind !== "name" || node.of.variable.role !== "args") return undefined;
      return `${ARGS}.${typeof node.field === "string" ? node.field : node.field.name}`;
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
/** The name of a header may be an expression. */
const restOf = (node: Node): readonly Node[] => (node.kind === "call" ? node.args.slice(1) : []);

/** What steps read of a request, themselves or through those that they read. */
export function namesBehind(steps: readonly Step[]): ReadonlySet<string> {
  const all = reachable(steps, ({ source, reads }) => (source.kind === "shared" ? source.of : reads));
  const expressions = all.flatMap((step) => [step.if, ...sourceExpressions(step.source)]);
  return new Set(expressions.flatMap((expression) => (expression === undefined ? [] : namesRead(expression))));
}

/** Whether scopes or roles decide. */
export const namesWho = (permit: Permit | undefined): boolean =>
  permit !== undefined && permit.scopes.length + permit.roles.length > 0;

/** Whether two names are of the same, or one of a part of the other: `args` and `args.id`. */
export const overlap = (a: string, b: string): boolean => a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);

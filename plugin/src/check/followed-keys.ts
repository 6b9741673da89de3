// Who may follow a key of a topic: somebody asks, and of this key.
import { childrenOf, type Expression, type Node } from "../cel/index.ts";
import type { Report } from "../diagnostic/diagnostic.ts";
import { reachable } from "../graph.ts";
import type { BffMethod, Model, Permit, Step } from "../resolve/model/model.ts";
import { sourceExpressions } from "../resolve/model/source-parts.ts";

/** Whoever names a key follows it, unless somebody asks who that is, or what they name. */
export function checkFollowedKeys(model: Model, report: Report): void {
  for (const { services } of model.files)
    for (const { methods } of services) for (const method of methods) checkKey(method, report);
}

function checkKey({ ir, stream, permit, callers, opening, shared }: BffMethod, report: Report): void {
  const { follow } = stream ?? {};
  if (follow === undefined) return;
  const steps = [...shared, ...(opening?.steps ?? [])];
  const key = new Set([...readBy(follow.key), ...behind(stepsReadBy(follow.key, steps))]);
  // A key that is the caller's own, or one for all, names nobody else's.
  if (key.size === 0 || key.has(CALLER)) return;
  const conditions = [...(permit?.conditions ?? []), ...steps].filter(({ source }) => source.kind === "guard");
  const asked = conditions.map((condition) => behind([condition]));
  const speaks = (read: string): boolean =>
    read === CALLER || key.has(read) || (callers === undefined && read.startsWith(HEADERS)); // all that is known of a caller
  if (namesWho(permit) || asked.some((reads) => [...reads].some(speaks))) return;
  const [own] = key;
  report({
    code: "BFF646",
    severity: "warning",
    message:
      conditions.length === 0
        ? `"${ir.desc.name}" asks nobody who they are: whoever names a key follows it`
        : `what "${ir.desc.name}" asks is neither who calls nor which key: whoever names one follows it`,
    at: follow.key.text.at,
    related: [{ at: ir.at, message: "the rpc" }],
    hint: `say who may, by a \`permit\` with an \`if\`, or by a guard that reads ${own?.startsWith(ARGS) ? `\`${own}\`` : "what the key does"}, and does not rest on the item`,
  });
}
const namesWho = (permit: Permit | undefined): boolean =>
  permit !== undefined && permit.scopes.length + permit.roles.length > 0;

const CALLER = "the caller";
const ARGS = "args.";
const HEADERS = "headers";

/** What steps read of a request, themselves or through those that they read: fields of it by their first name, headers, the caller. */
function behind(steps: readonly Step[]): ReadonlySet<string> {
  const all = reachable(steps, ({ source, reads }) => (source.kind === "shared" ? source.of : reads));
  const expressions = all.flatMap((step) => [step.if, ...sourceExpressions(step.source)]);
  return new Set(expressions.flatMap((expression) => (expression === undefined ? [] : readBy(expression))));
}
const stepsReadBy = ({ reads }: Expression, steps: readonly Step[]): readonly Step[] =>
  steps.filter(({ variable }) => reads.some((read) => read.variable === variable));

function readBy({ root, reads }: Expression): readonly string[] {
  const found = reads.flatMap(({ variable: { role, name } }) => {
    if (role === "arg") return [ARGS + name];
    if (role === "headers") return [HEADERS];
    return role === "principal" || role === "peer" ? [CALLER] : [];
  });
  const visit = (node: Node): void => {
    if (node.kind !== "select" || node.of.kind !== "name" || node.of.variable.role !== "args")
      for (const child of childrenOf(node)) visit(child);
    else found.push(ARGS + (typeof node.field === "string" ? node.field : node.field.name));
  };
  visit(root);
  return found;
}

// Rules of requests for the branches of an upstream: constants of the function that creates the app object and has
// `env`.
import { type Expression, emitValue } from "../../cel/index.ts";
import type { Entry, PlanBranch, PlanUpstream } from "../../plan/model/calls.ts";
import type { PlanFile } from "../../plan/model/plan.ts";
import { appNames, type FileNames, readsRequest } from "../names/file-names.ts";
import { block, type Line, type Lines } from "../text/lines.ts";

/** Returns the constant with the rules of an upstream: `agentBranches`, unless an upstream has this name. */
function constantOf({ name }: PlanUpstream, { upstreams }: PlanFile): string {
  const wish = `${name}Branches`;
  return upstreams.some((other) => other.name === wish) ? `${wish}_` : wish;
}

/** `branches: agentBranches` in the policies of an upstream with branches. */
export function branchesOf(upstream: string, file: PlanFile): string | undefined {
  const found = file.upstreams.find(({ name, branches }) => name === upstream && branches.length > 0);
  return found && `branches: ${constantOf(found, file)}`;
}

/** `, { canary: clients["agent.canary"] }` */
export function branchClients({ name, branches }: PlanUpstream): string {
  if (branches.length === 0) return "";
  return `, { ${branches.map((branch) => `${branch.name}: clients[${JSON.stringify(`${name}.${branch.name}`)}]`).join(", ")} }`;
}

/** `copied: { reads: { "catalog.v1.Item": ["id", "price"] } }` in the policies of calls that mirrors receive. */
export function copiesOf({ policy, method }: Entry, { compared }: PlanFile): string | undefined {
  if (!policy.copied) return undefined;
  const compares = policy.branches.some(({ mirror }) => mirror === "compare");
  const parts = compares ? [...(compared.get(method)?.parts ?? [])] : [];
  const reads = parts.map(
    ([desc, fields]) =>
      `${JSON.stringify(desc.typeName)}: [${fields.map(({ name }) => JSON.stringify(name)).join(", ")}]`,
  );
  return `copied: { reads: {${reads.length === 0 ? "" : ` ${reads.join(", ")} `}} }`;
}

export function emitBranches(file: PlanFile, names: FileNames): Lines {
  return file.upstreams.flatMap((upstream) => {
    if (upstream.branches.length === 0) return [];
    const type: Line = [
      ": readonly ",
      names.runtimeType("BranchRule"),
      "<",
      ...principalOf(expressionsOf(upstream), names),
      ">[]",
    ];
    const rows = upstream.branches.map((branch) => rule(branch, names));
    return block([`const ${constantOf(upstream, file)}`, ...type, " = ["], rows, ["];"]);
  });
}

function rule({ name, at, share, if: condition, by, mirror }: PlanBranch, names: FileNames): Line {
  const readsCaller = [condition, by].some((expression) => expression !== undefined && readsPrincipal(expression));
  return [
    `{ name: ${JSON.stringify(name)}`,
    ...(mirror === undefined ? [] : [`, mirror: "${mirror}"`]),
    ...(readsCaller ? [", known: true"] : []),
    ...(condition === undefined ? [] : [", if: ", ...ofRequest(condition, names)]),
    ...(share === undefined ? [] : [`, share: ${share}`]),
    ...(by === undefined ? [] : [", by: ", ...ofRequest(by, names)]),
    ` }, // ${names.place(at)}`,
  ];
}

function ofRequest(expression: Expression, names: FileNames): Line {
  const parameter = expression.reads.some(({ variable }) => readsRequest(variable)) ? "(cx)" : "()";
  return [`${parameter} => `, ...emitValue(expression, appNames(names)).print];
}

const expressionsOf = ({ branches }: PlanUpstream): readonly Expression[] =>
  branches.flatMap((branch) => [branch.if, branch.by]).filter((expression) => expression !== undefined);

/** Returns the type of the principal that rules read; `undefined` if no rule reads it. */
export function principalOf(expressions: readonly Expression[], names: FileNames): Line {
  for (const { reads } of expressions) {
    const proto = reads.find(({ variable }) => variable.role === "principal")?.variable.proto;
    if (proto?.kind === "message") return [names.shape(proto.desc)];
  }
  return ["undefined"];
}

const readsPrincipal = ({ reads }: Expression): boolean => reads.some(({ variable }) => variable.role === "principal");

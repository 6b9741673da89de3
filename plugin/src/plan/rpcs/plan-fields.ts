// The part of an rpc's answers that depends on the client: its mask, and what the choice must not leave out.
import { childrenOf, type Expression, type Node } from "../../cel/index.ts";
import { expressionsIn, tagExpressions } from "../../resolve/model/blocks.ts";
import { choosesFields, composesByName, onRequestIn } from "../../resolve/model/field-choice.ts";
import type { BffMethod, Model } from "../../resolve/model/model.ts";
import { needOf } from "../messages/kept-for.ts";
import type { Need, PlanMessage, PlanOpening } from "../model/messages.ts";
import type { PlanFieldChoice, PlanStart } from "../model/plan.ts";

/** Planned parts of an rpc. */
interface PlannedParts {
  readonly message: PlanMessage;
  readonly start: PlanStart | undefined;
  readonly opening: PlanOpening | undefined;
  readonly planned: (typeName: string) => PlanMessage | undefined;
  readonly model: Model;
}

/** Returns undefined if every answer has all fields. */
export function planFields(method: BffMethod, parts: PlannedParts): PlanFieldChoice | undefined {
  if (!choosesFields(method, parts.model)) return undefined;
  const path = method.fields?.path.map(({ name }) => name);
  return {
    mask: path?.join("."),
    onRequest: onRequestIn(method, parts.model.ir).map(({ desc }) => `${desc.parent.typeName}.${desc.name}`),
    needed: resultReads(method),
    read: path !== undefined && composingExpressions(method).some(({ root }) => readsRequest(root, path[0])),
    byName: composesByName(method),
    needs: needsOf(method, parts),
  };
}

function needsOf(method: BffMethod, { message, start, opening, planned }: PlannedParts): ReadonlyMap<string, Need> {
  const gives = [...(start?.gives ?? []), ...(opening?.gives ?? [])];
  return new Map(
    gives.map(({ name, step }) => [
      name,
      composesByName(method) ? needOf(step.step.name ?? step.step.variable?.name ?? "", message, planned) : true,
    ]),
  );
}

function composingExpressions({ composed, opening, headers, tags }: BffMethod): readonly Expression[] {
  return [composed, opening, headers, tags].flatMap((block) => (block === undefined ? [] : expressionsIn(block)));
}

/** Returns true if an expression reads a field of the request, or the request as a whole. */
function readsRequest(node: Node, field: string | undefined): boolean {
  if (node.kind === "name")
    return node.variable.role === "args" || (node.variable.role === "arg" && node.variable.name === field);
  if (node.kind === "select" && node.of.kind === "name" && node.of.variable.role === "args")
    return typeof node.field === "string" || node.field.name === field;
  return childrenOf(node).some((child) => readsRequest(child, field));
}

/** Returns the fields of the answer that headers, tags, limits and meters read. */
function resultReads({ desc, headers, tags, limits, telemetry }: BffMethod): readonly string[] {
  const expressions = [
    ...(headers?.headers ?? []).flatMap(({ by, if: condition }) => [by, condition]),
    ...(tags === undefined ? [] : tagExpressions(tags)),
    ...(limits?.uses ?? []).map(({ settle }) => settle),
    ...(telemetry?.meters ?? []).flatMap(({ by, labels }) => [by, ...labels.map((label) => label.by)]),
  ];
  const names = new Set<string>();
  const visit = (node: Node): void => {
    const isResult = (of: Node): boolean =>
      of.kind === "name" &&
      of.variable.name === "result" &&
      of.variable.type.kind === "message" &&
      of.variable.type.desc === desc.output;
    if (node.kind === "select" && typeof node.field !== "string" && isResult(node.of)) names.add(node.field.name);
    else if (isResult(node)) for (const { name } of desc.output.fields) names.add(name);
    else for (const child of childrenOf(node)) visit(child);
  };
  for (const expression of expressions) if (expression !== undefined) visit(expression.root);
  return [...names];
}

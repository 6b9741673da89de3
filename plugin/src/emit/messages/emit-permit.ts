// Permits: the property of an endpoint, and the function that decides after the request has been read.

import type { PlanStep } from "../../plan/model/messages.ts";
import type { PermitPart, PlanMethod, PlanPermit } from "../../plan/model/plan.ts";
import { type FileNames, typeOfRequest } from "../names/file-names.ts";
import { MessageNames } from "../names/message-names.ts";
import { refusal } from "../steps/emit-call.ts";
import { emitStep } from "../steps/emit-step.ts";
import { CodePlace, type StepContext, stepContext } from "../steps/step-context.ts";
import { block, commas, type Line, type Lines, mentions, unreadAsVoid } from "../text/lines.ts";
import { condition, negated } from "../values/value.ts";

/** `permit: { sources: ["user"], scopes: ["read"], check: permitGetPage },` */
export function permitProperty({ method, permit }: PlanMethod): Lines {
  const decisions = (permit?.parts ?? []).map(({ gate, name }): Line => [`${gate}: ${name}`]);
  return staticPermit(method, decisions);
}

/** The part of a permit that only names of sources, scopes and roles decide, and `decisions` besides it. */
export function staticPermit({ permit: rule }: PlanMethod["method"], decisions: readonly Line[] = []): Lines {
  if (rule === undefined) return [];
  if (rule.public !== undefined) return [["permit: { public: true },"]];
  const list = (values: readonly string[]): string => `[${values.map((value) => JSON.stringify(value)).join(", ")}]`;
  const parts: Line[] = [];
  if (rule.sources !== undefined) parts.push([`sources: ${list(rule.sources)}`]);
  if (rule.scopes.length > 0) parts.push([`scopes: ${list(rule.scopes)}`]);
  if (rule.roles.length > 0) parts.push([`roles: [${rule.roles.map(list).join(", ")}]`]);
  const all = [...parts, ...decisions];
  return [all.length === 0 ? ["permit: {},"] : ["permit: { ", ...commas(all), " },"]];
}

/** Refuses by throwing. Immediate conditions come first; calls are sent only if these conditions hold. */
export function emitPermit(permit: PlanPermit, file: FileNames, planned: StepContext["planned"]): Lines {
  return permit.parts.flatMap((part) => [...emitPart(permit, part, file, planned), []]);
}

function emitPart(permit: PlanPermit, part: PermitPart, file: FileNames, planned: StepContext["planned"]): Lines {
  const names = new MessageNames(file, permit);
  const cx = stepContext(permit, names, planned, []);
  const place = new CodePlace();
  const lines = part.steps.flatMap((step): Lines => {
    const statement = step.source.kind === "guard" ? emitCondition(step, cx, place) : emitStep(step, cx);
    return [...statement, []];
  });
  const body = unreadAsVoid(lines.slice(0, -1));
  const later = part.steps.some((step) => !step.sync && step.source.kind !== "guard");
  const locals = names.taken((local) => mentions(body, local));
  const all = [...locals, ...(locals.length === 0 ? [] : [[]]), ...body];
  const parameter = (name: string): string => (mentions(all, name) ? name : `_${name}`);
  const { desc, rpc } = permit.composed;
  return [
    [`/** Access check of ${desc.typeName}/${rpc.desc.name}. */`],
    ...block(
      [
        `${later ? "async " : ""}function ${part.name}(${parameter("cx")}: `,
        ...typeOfRequest(["App"], permit.callers, file),
        `, ${parameter("args")}: `,
        file.shape(rpc.desc.input),
        later ? "): Promise<void> {" : "): void {",
      ],
      all,
      ["}"],
    ),
  ];
}

/** A condition that cannot be evaluated does not hold. */
function emitCondition(step: PlanStep, cx: StepContext, place: CodePlace): Lines {
  const { source } = step;
  if (source.kind !== "guard") return [];
  const { names } = cx;
  const test: Line = source.if.fails
    ? ["!", names.runtime("holds"), "(() => ", ...condition(source.if, names), ")"]
    : negated(source.if, names);
  return [
    [`// ${names.file.place(step.step.ir.at)}`],
    ...place.reads(cx, [source.if, ...source.expressions]),
    ["if (", ...test, ") throw ", ...refusal(source.fail, undefined, names), ";"],
  ];
}

// The steps of a service as one message sees them.

import { sameType, type Variable } from "../../cel/index.ts";
import { fault, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrMessage, IrMethod, IrService } from "../../ir/ir.ts";
import type { IrStep } from "../../ir/step.ts";
import { distinctTypeNames, sameForm } from "../conversions/same-form.ts";
import type { Step } from "../model/model.ts";
import { WITHOUT_OPTIONS } from "../model/undeclared-step.ts";
import { reportLack } from "../packages/lack.ts";
import type { MessageScope } from "../scope/scope.ts";
import type { MessageContext, Run } from "../steps/context.ts";
import { failureVariable } from "../steps/failure-variable.ts";

function servicesOf(run: Run, roots: readonly IrMethod[]): IrService[] {
  return [...new Set(roots.flatMap((root) => run.lets.serviceOf.get(root) ?? []))];
}

/** The steps of every service that a message is part of, by name. */
export function stepsAround(run: Run, roots: readonly IrMethod[]): ReadonlyMap<string, IrStep> {
  return new Map(
    servicesOf(run, roots).flatMap((service) =>
      service.steps.flatMap((step) => (step.name === undefined ? [] : [[step.name.value, step] as const])),
    ),
  );
}

/** A name means one thing in a message. */
export function checkHiding({ ir, around, scope }: MessageContext): void {
  for (const step of ir.steps) {
    const other = step.name && around.get(step.name.value);
    if (step.name === undefined || other === undefined) continue;
    fault(scope.report, "BFF213", step.name.at, {
      message: `the step "${step.name.value}" hides the step "${step.name.value}" of the service`,
      related: [{ at: other.name?.at ?? other.at, message: "the step of the service" }],
      hint: "rename one of the two",
    });
  }
}

/**
 * Adds the services' steps that a message and its composed messages read to the scope. Returns the readable ones, in
 * order of declaration.
 */
export function takeShared(run: Run, ir: IrMessage, roots: readonly IrMethod[], scope: MessageScope): Step[] {
  const services = servicesOf(run, roots);
  const stepNames = new Set(ir.steps.map((step) => step.name?.value));
  const taken: Step[] = [];
  for (const name of run.lets.needs(ir.desc.typeName)) {
    const declared = services.map((service) => ({
      service,
      step: service.steps.find((step) => step.name?.value === name),
    }));
    if (stepNames.has(name) || declared.every(({ step }) => step === undefined)) {
      reportElsewhere(run, ir, name, roots, scope);
      continue;
    }
    const step = lacksIt(run, { message: ir, roots }, name, declared, scope.report)
      ? undefined
      : join(run, ir, name, declared, scope);
    if (step === undefined) {
      scope.broken.add(name);
      scope.shared.broken.add(name);
      continue;
    }
    taken.push(step);
    scope.steps.set(name, step);
    scope.shared.steps.set(name, step);
    if (step.variable !== undefined) scope.stepOf.set(step.variable, step);
  }
  return taken.sort((a, b) => a.index - b.index);
}

interface Declared {
  readonly service: IrService;
  readonly step: IrStep | undefined;
}

/** Reports a step that some, but not all, services of the message have. Returns true if one lacks the step. */
function lacksIt(
  run: Run,
  composed: { readonly message: IrMessage; readonly roots: readonly IrMethod[] },
  name: string,
  declared: readonly Declared[],
  report: Report,
): boolean {
  const lacks = declared.find(({ step }) => step === undefined);
  const has = declared.find(({ step }) => step !== undefined);
  if (lacks === undefined || has?.step === undefined) return false;
  const mention = run.lets.mentions(composed.message.desc.typeName).get(name);
  // A step that only an inner message reads is reported there.
  if (mention === undefined) return true;
  const declare = `"${name}" in the \`let\``;
  const at = has.step.name?.at ?? has.step.at;
  reportLack(
    run,
    { name, what: "step", declare, mention, has: { service: has.service, at }, lacks: lacks.service },
    composed,
    report,
  );
  return true;
}

/** Reports an upstream entry that reads steps which only services of other messages have. */
function reportElsewhere(run: Run, ir: IrMessage, name: string, roots: readonly IrMethod[], scope: MessageScope): void {
  const mention = run.lets.mentions(ir.desc.typeName).get(name);
  if (mention?.through === undefined) return;
  const all = run.ir.files.flatMap((file) => file.services);
  const has = all
    .map((service): Declared => ({ service, step: service.steps.find((step) => step.name?.value === name) }))
    .find(({ step }) => step !== undefined);
  const [root] = roots;
  const lacks = root && run.lets.serviceOf.get(root);
  if (has === undefined || lacks === undefined) return;
  lacksIt(run, { message: ir, roots }, name, [has, { service: lacks, step: undefined }], scope.report);
  scope.shared.broken.add(name);
}

/** One step for those of all services: they have one type. */
function join(
  run: Run,
  ir: IrMessage,
  name: string,
  declared: readonly Declared[],
  scope: MessageScope,
): Step | undefined {
  const found = declared.map(({ service, step }) => ({ service, step: step && run.shared.get(step) }));
  const [first] = found;
  const steps = found.flatMap(({ step }) => step ?? []);
  // A fault in it has been reported.
  if (first?.step?.variable === undefined || steps.length < found.length) return undefined;
  const { type, proto } = first.step.variable;
  for (const { service, step } of found) {
    const other = step?.variable;
    if (other === undefined) return undefined;
    if (sameType(other.type, type) && sameForm(other.proto, proto)) continue;
    const at = run.lets.mentions(ir.desc.typeName).get(name)?.text.at ?? ir.at;
    const typeNames = distinctTypeNames(first.step.variable, other);
    return fault(scope.report, "BFF418", at, {
      message: `"${name}" is ${typeNames[0]} in service "${first.service.desc.name}", but ${typeNames[1]} in service "${service.desc.name}", and both services compose "${ir.desc.name}"`,
      related: [first.step, step].flatMap((sharedStep, i) =>
        sharedStep === undefined
          ? []
          : [{ at: sharedStep.ir.name?.at ?? sharedStep.ir.at, message: `${typeNames[i]} here` }],
      ),
      hint: "give both the same type, or rename one of the two",
    });
  }
  return standIn(name, first.step, first.step.variable, steps);
}

/** Returns the step of a message that represents steps of services. */
function standIn(name: string, { ir, index }: Step, { type, proto }: Variable, steps: readonly Step[]): Step {
  return {
    ir,
    name,
    // Before every step of a message.
    index: index - 1_000_000,
    variable: {
      name,
      role: "step",
      type,
      proto,
      absent: steps.some((step) => step.absent),
      complete: steps.every((step) => step.variable?.complete),
      failure: steps.some((step) => step.variable?.failure !== undefined) ? failureVariable(name) : undefined,
      received: receivedOfAll(steps),
      typedAt: ir.at,
    },
    source: { kind: "shared", of: steps },
    ...WITHOUT_OPTIONS,
    absent: steps.some((step) => step.absent),
    absentByFailure: steps.some((step) => step.absentByFailure),
    tainted: steps.some((step) => step.tainted),
  };
}

/** Returns "kept" if the metadata of every answer is kept, otherwise the lack of the first step without it. */
function receivedOfAll(steps: readonly Step[]): Variable["received"] {
  const all = steps.map(({ variable }) => variable?.received);
  return all.every((state) => state === "kept") ? "kept" : all.find((state) => state !== "kept");
}

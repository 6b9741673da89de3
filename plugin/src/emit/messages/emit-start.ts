// A service's `let`: the function that starts its steps, and the types under which messages receive them.

import { isAdmission } from "../../plan/messages/admission.ts";
import type { PlanCallers } from "../../plan/model/inputs.ts";
import type { PlanBlock, PlanMessage, PlanStep } from "../../plan/model/messages.ts";
import type { PlanFile, PlanStart } from "../../plan/model/plan.ts";
import { type FileNames, typeOfRequest, variableType } from "../names/file-names.ts";
import { MessageNames } from "../names/message-names.ts";
import { emitAdmission } from "../steps/emit-admission.ts";
import { needsParameter } from "../steps/emit-selection.ts";
import { callOver, emitStep } from "../steps/emit-step.ts";
import {
  hoistedLines,
  originPrint,
  type StepContext,
  sharedLocal,
  sharedProperty,
  stepContext,
} from "../steps/step-context.ts";
import { block, commas, type Line, type Lines, mentions, objectType, unreadAsVoid } from "../text/lines.ts";

/** The types of the parameter `shared`. */
export interface SharedTypes {
  readonly lines: Lines;
  readonly of: (message: Pick<PlanMessage, "shared" | "sharedNames">) => Line;
}

/**
 * Prints one interface for each service of the file. A message of the same file that belongs to one service picks the
 * members that it reads. Any other message declares the members that it needs.
 */
export function sharedTypes(file: PlanFile, names: FileNames): SharedTypes {
  const lines: Line[] = [];
  const services = new Map<string, { readonly name: string; readonly all: number }>();
  for (const { desc, starts } of file.services) {
    const gives = new Map(
      starts.flatMap((start) => start.gives.map(({ step }) => [step.step, { step, start }] as const)),
    );
    if (gives.size === 0) continue;
    const name = `${desc.name}Shared`;
    services.set(desc.typeName, { name, all: gives.size });
    const rows = [...gives.values()]
      .sort((a, b) => a.step.step.index - b.step.step.index)
      .map(({ step, start }): Line => [...property(step, start, names), "; ", `// ${names.place(step.step.ir.at)}`]);
    lines.push(
      [`/** Steps of ${desc.name} that messages read. They run once per request. */`],
      ...block([`export interface ${name} {`], rows, ["}"]),
      [],
    );
  }
  return {
    lines,
    of: (message) => {
      const owners = message.shared.map(({ source }) => (source.kind === "shared" ? source.of : []));
      const container = file.services.find(({ starts }) =>
        owners.every(([only, ...others]) => others.length === 0 && starts.some((start) => provides(start, only))),
      );
      const service = container && services.get(container.desc.typeName);
      if (service === undefined) return objectType(message.shared.map((step) => property(step, message, names)));
      if (message.shared.length === service.all) return [service.name];
      const picked = message.shared.map((step) => JSON.stringify(sharedProperty(step, message)));
      return [`Pick<${service.name}, ${picked.join(" | ")}>`];
    },
  };
}
const provides = (start: PlanStart, of: unknown): boolean => start.gives.some(({ step }) => step.step === of);

const property = (step: PlanStep, of: Pick<PlanBlock, "sharedNames">, names: FileNames): Line =>
  stepProperty(sharedProperty(step, of), step, names);
export function stepProperty(name: string, step: PlanStep, names: FileNames): Line {
  const { variable } = step.step;
  const plain: Line = variable === undefined ? ["unknown"] : variableType(variable, names);
  const type: Line = variable?.absent ? [...plain, " | undefined"] : plain;
  return [`readonly ${name}: `, ...(step.sync ? type : ["Promise<", ...type, ">"])];
}

export function emitStart(start: PlanStart, file: FileNames, planned: StepContext["planned"]): Lines {
  const names = new MessageNames(file, start);
  const touches = [...start.inherits.values()].map((origins) => ({ origins }));
  const plain = stepContext(start, names, planned, touches);
  const cx: StepContext = {
    ...plain,
    shared: (child) => ["{ ", ...commas(child.shared.map((step) => handedOn(step, child, start))), " }"],
    needed: start.before ?? [],
    rests: (step, started) => resting(step, started, start, plain),
  };
  const running = start.steps.filter((step) => !step.immediate);
  const steps = running.map((step) => ({ step, lines: emitStep(step, cx) }));
  const end: Line[] = [];
  if (start.holds.length > 0) end.push([`cx.holds(${start.holds.map((step) => `${step.name}Step`).join(", ")});`]);
  const handed = start.gives.map(({ step }): Line => handedOn(step, start, start));
  const before: Line[] =
    start.before === undefined || start.before.length === 0
      ? []
      : [[`before: [${start.before.map((step) => `${step.name}Step`).join(", ")}]`]];
  const all = [...handed, ...before];
  if (all.length > 0) end.push(["return { ", ...commas(all), " };"]);
  // Only the guards may need a constant.
  const statements: Line[] = [];
  for (const { step, lines } of [...steps].reverse())
    if (!isAdmission(step, start) || mentions([...statements, ...end], step.name)) statements.unshift(...lines, []);
  const locals = names.taken((local) => mentions(statements, local));
  // A value that only an unread argument needs must still run.
  const started = unreadAsVoid([...hoistedLines(plain.hoisted), ...statements, ...end]);
  const body: Lines = [...(locals.length === 0 ? [] : [...locals, []]), ...started];
  const need =
    start.rpcs === undefined ? "" : ` that ${start.rpcs.join(", ")} ${start.rpcs.length === 1 ? "needs" : "need"}`;
  return [
    [`/** Starts the steps of ${start.let.desc.typeName}${need}, once per request. */`],
    ...block(
      [
        `function ${start.name}(${requestIn(body)}: `,
        ...typeOfRequest(["App"], start.callers, file),
        needsParameter(start, names.needs),
        ") {",
      ],
      trimmed(body),
      ["}"],
    ),
  ];
}
/** The parameter that a body may have no use for. */
const requestIn = (body: Lines): string => (mentions(body, "cx") ? "cx" : "_cx");
function trimmed(lines: Lines): Lines {
  return lines.at(-1)?.length === 0 ? lines.slice(0, -1) : lines;
}

/** Prints `viewerStep`, or `viewerStep: viewer_Step` if the name is taken. */
function handedOn(step: PlanStep, of: Pick<PlanBlock, "sharedNames">, start: PlanStart): Line {
  const source = start.gives.find((entry) => entry.step.step.name === step.step.name)?.step ?? stepInStart(step, start);
  const name = sharedProperty(step, of);
  const local = sharedLocal(source);
  return [name === local ? name : `${name}: ${local}`];
}
function stepInStart(step: PlanStep, { steps }: PlanStart): PlanStep {
  return steps.find((candidate) => candidate.step.name === step.step.name) ?? step;
}

/** Adds to a step's promise the causes of the steps that it depends on: readers outside see only this step. */
export function resting(
  step: PlanStep,
  started: Lines,
  start: Pick<PlanStart, "inherits">,
  { hoisted, names }: StepContext,
): Lines {
  const origins = start.inherits.get(step);
  if (origins === undefined) return started;
  const values = new Set(
    origins.flatMap(({ origin }) =>
      origin.kind === "within" && !origin.step.sync && !hoisted.value.has(origin.step) ? [origin.step] : [],
    ),
  );
  // The step's own promise does not exist yet.
  const itself = (part: Line[number]): Line[number] => (part === `${step.name}Step` ? "itself" : part);
  const list: Line = ["[", ...commas(origins.map((origin) => originPrint(origin, hoisted, names).map(itself))), "]"];
  const parameters = list.includes("itself") ? "(itself)" : "()";
  const trace: Lines =
    values.size === 0
      ? [[`${parameters} => `, ...list]]
      : block(
          [`async ${parameters} => {`],
          [
            ...[...values].map((value): Line => [`const ${value.name} = await ${value.name}Step;`]),
            ["return ", ...list, ";"],
          ],
          ["}"],
        );
  return callOver("cx.resting", [started, trace]);
}

/** Prints the guards of a service that run before any call is sent. */
export function emitServiceAdmission(
  start: PlanStart,
  callers: PlanCallers | undefined,
  file: FileNames,
  planned: StepContext["planned"],
): Lines {
  if (start.admit === undefined) return [];
  const parameters = (body: Lines): Line => [`${requestIn(body)}: `, ...typeOfRequest(["App"], callers, file)];
  return emitAdmission(start.admit, start, parameters, planned, file);
}

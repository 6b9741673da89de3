// Openings of streams: a function starts the steps that run once for all items, waits for them, and hands on the values
// that items read.

import { isAdmission } from "../../plan/messages/admission.ts";
import type { PlanOpening, PlanStep } from "../../plan/model/messages.ts";
import type { FileNames } from "../names/file-names.ts";
import { MessageNames } from "../names/message-names.ts";
import { emitAdmission } from "../steps/emit-admission.ts";
import { needsParameter } from "../steps/emit-selection.ts";
import { emitStep } from "../steps/emit-step.ts";
import { hoistedLines, type StepContext, sharedLocal, stepContext } from "../steps/step-context.ts";
import { block, commas, type Line, type Lines, mentions, objectType, unreadAsVoid } from "../text/lines.ts";
import { commonParameters, localNames, mentioned } from "./emit-message.ts";
import { resting, type SharedTypes, stepProperty } from "./emit-start.ts";

export function emitOpening(
  opening: PlanOpening,
  file: FileNames,
  planned: StepContext["planned"],
  sharedType: SharedTypes["of"],
): Lines {
  const { composed, admits, name } = opening;
  const names = new MessageNames(file, opening);
  const body = emitBody(opening, names, planned);
  const parameter = (name: string): string => (mentions(body, name) ? name : `_${name}`);
  const shared: Line = opening.shared.length === 0 ? [] : [`, ${parameter("shared")}: `, ...sharedType(opening)];
  const before: Line[] = opening.effectful ? [[`, ${parameter("before")}: readonly Promise<unknown>[]`]] : [];
  return [
    ...(admits === undefined
      ? []
      : [
          ...emitAdmission(admits.name, opening, (inside) => commonParameters(opening, file, inside), planned, file),
          [],
        ]),
    [`/** Steps of ${composed.desc.typeName} that run once per stream, before its items. */`],
    ...block(
      [
        "export async function ",
        name,
        "(",
        ...commonParameters(opening, file, body),
        ...shared,
        ...before.flat(),
        needsParameter(opening, names.needs),
        "): Promise<",
        ...objectType(
          opening.gives.map(({ name, step }) => stepProperty(sharedLocal({ name, sync: step.sync }), step, file)),
        ),
        "> {",
      ],
      unreadAsVoid(body),
      ["}"],
    ),
  ];
}

function emitBody(opening: PlanOpening, names: MessageNames, planned: StepContext["planned"]): Lines {
  const { admits, steps, gives, awaited, inherits } = opening;
  const plain = stepContext(
    opening,
    names,
    planned,
    [...inherits.values()].map((origins) => ({ origins })),
  );
  const cx: StepContext = { ...plain, rests: (step, started) => resting(step, started, opening, plain) };
  const started = steps.filter((step) => admits === undefined || !step.immediate);
  const printed = started.map((step) => ({ step, lines: emitStep(step, cx) }));
  const handed = gives.map(({ name, step }) => handedOn(name, step));
  const ending: Lines = [
    ...awaited.filter(({ source }) => source.kind !== "guard").map(({ name }): Line => [`await ${name}Step;`]),
    handed.length === 0 ? ["return {};"] : ["return { ", ...commas(handed), " };"],
  ];
  const admissions = mentioned(
    printed,
    (step) => admits !== undefined && step.sync && isAdmission(step, opening),
    ending,
  );
  const locals = localNames(opening, names, admissions, ending);
  return [...locals, ...(locals.length > 0 ? [[]] : []), ...hoistedLines(plain.hoisted), ...admissions, ...ending];
}

/** Prints `ownerStep`, or `ownerStep: owner_Step` if the name is taken. */
function handedOn(name: string, step: PlanStep): Line {
  const property = sharedLocal({ name, sync: step.sync });
  const local = sharedLocal(step);
  return [property === local ? property : `${property}: ${local}`];
}

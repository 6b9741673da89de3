// One function per composed message: steps started, values awaited, the response as a literal, and what failures touched.

import { isAdmission } from "../../plan/messages/admission.ts";
import type { AppNeeds, PlanBlock, PlanMessage, PlanOpening, PlanPart, PlanStep } from "../../plan/model/messages.ts";
import { camel } from "../../text/camel.ts";
import { envProperty } from "../names/env-names.ts";
import { argsType, type FileNames, typeOfRequest } from "../names/file-names.ts";
import { MessageNames } from "../names/message-names.ts";
import { emitAdmission } from "../steps/emit-admission.ts";
import { admitsLater } from "../steps/emit-guard.ts";
import { emitStep } from "../steps/emit-step.ts";
import {
  awaitIn,
  type Hoisted,
  hoistedLines,
  type StepContext,
  sharedLocal,
  sharedProperty,
  stepContext,
} from "../steps/step-context.ts";
import { anyOf, around, block, type Line, type Lines, mentions, unreadAsVoid } from "../text/lines.ts";
import { emitPartValue, emitResponse } from "./emit-response.ts";
import type { SharedTypes } from "./emit-start.ts";
import { emitMarks, emitTouch } from "./emit-touch.ts";

export function emitMessage(
  message: PlanMessage,
  file: FileNames,
  planned: (typeName: string) => PlanMessage | undefined,
  sharedType: SharedTypes["of"],
): Lines {
  const names = new MessageNames(file, message);
  const { composed, admits } = message;
  const cx = stepContext(message, names, planned, message.touches);
  const body = emitBody(message, names, cx);
  return [
    ...(admits === undefined
      ? []
      : [
          ...emitAdmission(admits.name, message, (inside) => commonParameters(message, file, inside), planned, file),
          [],
        ]),
    [`/** ${composed.desc.typeName} */`],
    ...block(
      [
        "export async function ",
        message.name,
        "(",
        ...parameters(message, names, body, sharedType),
        "): Promise<",
        file.shape(composed.desc),
        "> {",
      ],
      unreadAsVoid(body),
      ["}"],
    ),
  ];
}

function emitBody(message: PlanMessage, names: MessageNames, cx: StepContext): Lines {
  const { composed, admits } = message;
  const { hoisted } = cx;
  const started = message.steps.filter((step) => admits === undefined || !step.immediate);
  const printed = started.map((step) => ({ step, lines: emitStep(step, cx) }));
  const response = emitResponse(message, names);
  const later = new Set(message.parts.flatMap((part) => part.touches));
  const touches = message.touches
    .filter((touch) => !later.has(touch))
    .map((touch) => emitTouch(touch, message, names, hoisted));
  const parts = emitParts(message, names, hoisted);
  const marks = composed.resolver === undefined ? emitMarks(message, names) : [];
  const end: Lines = [...response.before, ...response.lines, ...marks, ...touches, ...parts];
  const steps = mentioned(printed, (step) => admits !== undefined && step.sync && isAdmission(step, message), [
    ...message.awaited.map((step): Line => [`${step.name}Step`]),
    ...end,
  ]);
  const ending: Lines = [
    ...(composed.resolver === undefined ? [...response.before, ...response.lines] : []),
    ...marks,
    ...(touches.length > 0 ? block(["if (cx.degraded) {"], touches, ["}"]) : []),
    ...parts,
    [`return ${names.result};`],
  ];
  const awaits = [
    ...awaitIn(message.awaited, ending),
    ...message.barriers.map((step): Line => [`await ${step.name}Step;`]),
  ];
  const locals = localNames(message, names, steps, end);
  return [
    ...locals,
    ...(locals.length > 0 ? [[]] : []),
    ...(admits?.inside ? [[`${admitsLater(message) ? "await " : ""}${admits.name}(cx, args);`], []] : []),
    ...hoistedLines(hoisted),
    ...steps,
    ...awaits,
    ...(awaits.length > 0 ? [[]] : []),
    ...ending,
  ];
}

/** Returns the steps, each followed by an empty line, without constants that belong to the guards alone. */
export function mentioned(
  printed: readonly { readonly step: PlanStep; readonly lines: Lines }[],
  asAdmission: (step: PlanStep) => boolean,
  rest: Lines,
): Lines {
  const steps: Line[] = [];
  for (const { step, lines } of [...printed].reverse()) {
    if (asAdmission(step) && !mentions([...steps, ...rest], step.name)) continue;
    steps.unshift(...lines, []);
  }
  return steps;
}

/** Prints the names that the body takes from the app object, from the service's steps and from the arguments. */
export function localNames(
  message: PlanBlock & Pick<PlanMessage, "shared" | "awaited">,
  names: MessageNames,
  steps: Lines,
  end: Lines,
): Lines {
  const lines: Line[] = [...outerLocals(message, names, steps, end)];
  // A resolver receives an argument that only it reads together with the others.
  const optional = names.optional((local) => mentions([...steps, ...end], local));
  if (optional.length > 0) lines.push([`const { ${optional.join(", ")} } = args;`]);
  return lines;
}
/** Prints the same names without the arguments. */
export function outerLocals(
  message: PlanBlock & Pick<PlanMessage, "shared" | "awaited">,
  names: MessageNames,
  steps: Lines,
  end: Lines,
): Lines {
  const awaited = message.awaited.map((step): Line => [`${step.name}Step`]);
  const rest = [...awaited, ...end, ...steps];
  const lines: Line[] = [];
  const { late } = names;
  if (late !== "cx" && mentions(rest, late))
    lines.push([`const { ${late === "late" ? late : `late: ${late}`} } = cx;`]);
  lines.push(...names.taken((local) => mentions(rest, local)));
  const shared = message.shared.flatMap((step) => {
    const local = sharedLocal(step);
    const property = sharedProperty(step, message);
    return mentions(rest, local) ? [local === property ? local : `${property}: ${local}`] : [];
  });
  if (shared.length > 0) lines.push([`const { ${shared.join(", ")} } = shared;`]);
  return lines;
}

/** Parameters that the body has no use for begin with `_`. */
export function parameters(
  message: PlanMessage,
  { file, fields }: MessageNames,
  body: Lines,
  sharedType: SharedTypes["of"],
  args?: Args,
): Line {
  const parameter = (name: string): string => (mentions(body, name) ? name : `_${name}`);
  const shared: Line = message.shared.length === 0 ? [] : [`, ${parameter("shared")}: `, ...sharedType(message)];
  const from: Line =
    message.tainted.length === 0
      ? []
      : [
          `, ${parameter("from")}: { `,
          message.tainted.map((name) => `readonly ${camel(name)}: readonly unknown[]`).join("; "),
          " }",
        ];
  const before: Line = message.effectful ? [`, ${parameter("before")}: readonly Promise<unknown>[]`] : [];
  const selection: Line =
    message.keptFor === undefined ? [] : [`, ${parameter(fields)}: `, file.runtimeType("Selection")];
  return [...commonParameters(message, file, body, args), ...shared, ...from, ...before, ...selection];
}
/** A parameter. */
interface Args {
  readonly name: string;
  readonly type: Line;
}
/** Returns the parameters `cx` and `args`, or their replacements. */
export function commonParameters(
  message: (PlanMessage | PlanOpening) & Pick<PlanMessage, "needs">,
  file: FileNames,
  body: Lines,
  args?: Args,
): Line {
  const parameter = (name: string): string => (mentions(body, name) ? name : `_${name}`);
  const { name, type } = args ?? { name: "args", type: argumentsType(message, file) };
  const { needs } = message;
  const app = needs === undefined ? ["App"] : appType(needs, file);
  const request = typeOfRequest(app, message.composed.callers, file);
  return [`${parameter("cx")}: `, ...request, `, ${parameter(name)}: `, ...type];
}
/** Returns the type of the arguments of one message. */
export function argumentsType({ composed: { args } }: Pick<PlanBlock, "composed">, file: FileNames): Line {
  return args.message === undefined ? argsType(args.members, file) : [file.shape(args.message)];
}

/** The part of the app object that a message needs which other files compose, too. */
function appType({ names, env }: AppNeeds, file: FileNames): Line {
  const picked = names.length === 0 ? [] : [`Pick<App, ${names.map((name) => JSON.stringify(name)).join(" | ")}>`];
  if (env === undefined) return names.length === 0 ? ["object"] : picked;
  const rows = env.map((variable): Line => ["readonly ", ...envProperty(variable, file)]);
  const member: Line = [
    "{ readonly env: { ",
    ...rows.flatMap((row, i): Line => (i === 0 ? row : ["; ", ...row])),
    " } }",
  ];
  return names.length === 0 ? member : [...picked, " & ", ...member];
}

// Fields that depend on deferred steps: the response announces them, and sends them with its first message or later.

function emitParts(message: PlanMessage, names: MessageNames, hoisted: Hoisted): Lines {
  const parts = message.parts.flatMap((part) => emitPart(part, message, names, hoisted));
  if (message.heldParts.length === 0) return parts;
  return [...parts, [`${names.late}.holds(${message.heldParts.map(({ name }) => `${name}Step`).join(", ")});`]];
}

function emitPart(part: PlanPart, message: PlanMessage, names: MessageNames, hoisted: Hoisted): Lines {
  const { desc, targets } = message.composed;
  const local = names.local("part");
  const value = emitPartValue(part, message, names);
  const touches = part.touches.map((touch) => emitTouch(touch, message, names, hoisted, local));
  const members = part.targets.flatMap((index) => {
    const target = targets[index];
    if (target === undefined) return [];
    return JSON.stringify(target.kind === "field" ? target.field.localName : target.oneof.localName);
  });
  // Except in proto3, an unset field is omitted, and the type covers only the present fields.
  const typed: Line = desc.file.edition === 999 ? [": Pick<", names.file.shape(desc), `, ${members.join(" | ")}>`] : [];
  const ending: Lines = [
    ...value.before,
    ...around([`const ${local}`, ...typed, " = "], value.lines, [";"]),
    ...(touches.length > 0 ? block(["if (cx.degraded) {"], touches, ["}"]) : []),
    [`return ${local};`],
  ];
  const fields = part.fields.map(({ name }) => name);
  const paths = `[${fields.map((name) => JSON.stringify(name)).join(", ")}]`;
  const selective = message.keptFor !== undefined;
  const chosen = selective && fields.length > 1 ? `${paths}.filter((name) => ${names.fields}.has(name))` : paths;
  const announced = block(
    [`cx.part(${names.result}, ${chosen}, async () => {`],
    [...awaitIn(part.awaited, ending), ...part.barriers.map((step): Line => [`await ${step.name}Step;`]), ...ending],
    ["});"],
  );
  return selective ? around([`if (${anyOf(fields, names.fields)}) `], announced, []) : announced;
}

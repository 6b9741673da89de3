// One function per composed message: steps started, values awaited, the response as a literal, and what failures touched.
import { camel } from "../camel.ts";
import type { PlanMessage } from "../plan/plan.ts";
import { emitAdmission, isAdmission } from "./emit-admission.ts";
import { admitsLater } from "./emit-guard.ts";
import { emitResponse } from "./emit-response.ts";
import type { SharedTypes } from "./emit-start.ts";
import { emitStep } from "./emit-step.ts";
import { emitTouch } from "./emit-touch.ts";
import { argsType } from "./emit-type.ts";
import type { FileNames } from "./file-names.ts";
import { block, type Line, type Lines, mentions, unreadAsVoid } from "./lines.ts";
import { MessageNames } from "./message-names.ts";
import { Place } from "./place.ts";
import { hoistedLines, sharedLocal, sharedProperty, stepContext } from "./step-context.ts";

export function emitMessage(
  message: PlanMessage,
  file: FileNames,
  planned: (typeName: string) => PlanMessage | undefined,
  sharedType: SharedTypes["of"],
): Lines {
  const names = new MessageNames(file, message);
  const { composed, admits } = message;
  const cx = stepContext(message, names, planned, message.touches);
  const { hoisted } = cx;
  const started = message.steps.filter((step) => admits === undefined || !step.immediate);
  const printed = started.map((step) => ({ step, lines: emitStep(step, cx) }));
  const response = emitResponse(message, names);
  const touches = message.touches.map((touch) => emitTouch(touch, message, names, hoisted));
  const place = new Place();

  const body: Line[] = [];
  const rest: Line[] = [
    ...message.awaited.map((step): Line => [`${step.name}Step`]),
    ...response.before,
    ...response.lines,
    ...touches,
  ];
  const steps: Line[] = [];
  for (const { step, lines } of [...printed].reverse()) {
    // A constant may stand with the guards alone.
    if (admits !== undefined && step.sync && isAdmission(step, message) && !mentions([...steps, ...rest], step.name))
      continue;
    steps.unshift(...lines, []);
  }
  rest.push(...steps);
  const destructured = names.destructured((local) => mentions(rest, local));
  if (destructured.length > 0) body.push([`const { ${destructured.join(", ")} } = cx.app;`]);
  const taken = message.shared.flatMap((step) => {
    const local = sharedLocal(step);
    const property = sharedProperty(step, message);
    return mentions(rest, local) ? [local === property ? local : `${property}: ${local}`] : [];
  });
  if (taken.length > 0) body.push([`const { ${taken.join(", ")} } = shared;`]);
  // What only a resolver reads goes to it with the others.
  const read = [...steps, ...response.before, ...response.lines, ...touches];
  const optional = names.optional((local) => mentions(read, local));
  if (optional.length > 0) body.push([`const { ${optional.join(", ")} } = args;`]);
  if (body.length > 0) body.push([]);
  if (admits?.inside) body.push([`${admitsLater(message) ? "await " : ""}${admits.name}(cx, args);`], []);
  body.push(...hoistedLines(hoisted));
  body.push(...steps);
  const awaits = place.await(message.awaited);
  const barriers = message.barriers.map((step): Line => [`await ${step.name}Step;`]);
  body.push(...awaits, ...barriers);
  if (awaits.length + barriers.length > 0) body.push([]);
  const { desc } = composed;
  if (composed.resolver === undefined) body.push(...response.before, ...response.lines);
  if (touches.length > 0) body.push(...block(["if (cx.degraded) {"], touches, ["}"]));
  body.push([`return ${names.result};`]);

  return [
    ...(admits === undefined
      ? []
      : [
          ...emitAdmission(admits.name, message, (inside) => commonParameters(message, file, inside), planned, file),
          [],
        ]),
    [`/** ${desc.typeName} */`],
    ...block(
      [
        "export async function ",
        message.name,
        "(",
        ...parameters(message, file, body, sharedType),
        "): Promise<",
        file.shape(desc),
        "> {",
      ],
      unreadAsVoid(body),
      ["}"],
    ),
  ];
}

/** Parameters that the body has no use for begin with `_`. */
function parameters(message: PlanMessage, file: FileNames, body: Lines, sharedType: SharedTypes["of"]): Line {
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
  return [...commonParameters(message, file, body), ...shared, ...from, ...before];
}
/** `cx` and `args`. */
function commonParameters(message: PlanMessage, file: FileNames, body: Lines): Line {
  const parameter = (name: string): string => (mentions(body, name) ? name : `_${name}`);
  const { args } = message.composed;
  const type: Line = args.message === undefined ? argsType(args.members, file) : [file.shape(args.message)];
  const { needs } = message;
  const app =
    needs === undefined
      ? "App"
      : needs.length === 0
        ? "object"
        : `Pick<App, ${needs.map((name) => JSON.stringify(name)).join(" | ")}>`;
  return [`${parameter("cx")}: `, file.runtimeType("Request"), `<${app}>, `, `${parameter("args")}: `, ...type];
}

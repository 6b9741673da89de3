// Fields that depend on deferred steps: the response announces them, and sends them with its first message or later.
import type { PlanMessage, PlanPart } from "../../plan/model/messages.ts";
import type { MessageNames } from "../names/message-names.ts";
import { awaitIn } from "../steps/place.ts";
import type { Hoisted } from "../steps/step-context.ts";
import { anyOf, around, block, type Line, type Lines } from "../text/lines.ts";
import { emitPartValue } from "./emit-response.ts";
import { emitTouch } from "./emit-touch.ts";

export function emitParts(message: PlanMessage, names: MessageNames, hoisted: Hoisted): Lines {
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

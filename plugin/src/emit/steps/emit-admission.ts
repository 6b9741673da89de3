import { isAdmission } from "../../plan/messages/admission.ts";
import { NO_TRACKS, type PlanBlock, type PlanMessage } from "../../plan/model/messages.ts";
import type { FileNames } from "../names/file-names.ts";
import { MessageNames } from "../names/message-names.ts";
import { block, type Line, type Lines, mentions, unreadAsVoid } from "../text/lines.ts";
import { admitsLater } from "./emit-guard.ts";
import { emitStep } from "./emit-step.ts";
import { type StepContext, stepContext } from "./step-context.ts";

/** Prints the guards of a message or a service that run before anything starts, as a separate function. */
export function emitAdmission(
  name: string,
  of: PlanBlock & Partial<Pick<PlanMessage, "shared">>,
  parameters: (body: Lines) => Line,
  planned: StepContext["planned"],
  file: FileNames,
): Lines {
  const names = new MessageNames(file, of);
  const cx = stepContext(of, names, planned, []);
  const steps = of.steps.filter((step) => isAdmission(step, of));
  // The function reports no touches, so its steps keep no flags.
  const lines = steps.flatMap((step) => [...emitStep({ ...step, tracks: NO_TRACKS }, cx), []]);
  const guards = unreadAsVoid(lines.slice(0, -1));
  // A condition that always holds prints none of the names that it reads.
  const isRead = (local: string): boolean => mentions(guards, local);
  const optional = names.optional(isRead);
  const locals = [
    ...names.taken(isRead),
    ...(optional.length > 0 ? [[`const { ${optional.join(", ")} } = args;`]] : []),
  ];
  const body: Lines = [...(locals.length === 0 ? [] : [...locals, []]), ...guards];
  const later = admitsLater(of);
  const { desc, kind } = of.composed;
  const open = `${kind === "let" ? "" : "export "}${later ? "async " : ""}function ${name}(`;
  return [
    [`/** Guards of ${desc.typeName} that run before any call. */`],
    ...block([open, ...parameters(body), later ? "): Promise<void> {" : "): void {"], body, ["}"]),
  ];
}

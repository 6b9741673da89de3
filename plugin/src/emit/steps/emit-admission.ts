import { isAdmission } from "../../plan/messages/admission.ts";
import type { PlanBlock, PlanMessage } from "../../plan/model/messages.ts";
import type { FileNames } from "../names/file-names.ts";
import { MessageNames } from "../names/message-names.ts";
import { block, type Line, type Lines, mentions, unreadAsVoid } from "../text/lines.ts";
import { admitsLater } from "./emit-guard.ts";
import { emitStep } from "./emit-step.ts";
import { type StepContext, stepContext } from "./step-context.ts";

/** The guards of a message, or of a service, that speak before anything is started, as a function of their own. */
export function emitAdmission(
  name: string,
  of: PlanBlock & Partial<Pick<PlanMessage, "shared">>,
  parameters: (body: Lines) => Line,
  planned: StepContext["planned"],
  file: FileNames,
): Lines {
  const names = new MessageNames(file, of);
  const cx = stepContext(of, names, planned, []);
  const lines = of.steps.filter((step) => isAdmission(step, of)).flatMap((step) => [...emitStep(step, cx), []]);
  const guards = unreadAsVoid(lines.slice(0, -1));
  // Of a condition that always holds nothing is printed that it asks for.
  const taken = names.taken((local) => mentions(guards, local));
  const body: Lines = [...(taken.length === 0 ? [] : [...taken, []]), ...guards];
  const later = admitsLater(of);
  const { desc, kind } = of.composed;
  const open = `${kind === "let" ? "" : "export "}${later ? "async " : ""}function ${name}(`;
  return [
    [`/** Guards of ${desc.typeName} that speak before any call is sent. */`],
    ...block([open, ...parameters(body), later ? "): Promise<void> {" : "): void {"], body, ["}"]),
  ];
}

import { callsOf } from "../../resolve/model/blocks.ts";
import type { Composed, Let, Opening, Permit, Step } from "../../resolve/model/model.ts";
import { camel } from "../../text/camel.ts";
import { lowerCamel, lowerFirst, NameScope } from "./name-scope.ts";

/** The local names of a block's steps, those of services first. */
export function stepNames(message: Composed | Let | Permit | Opening, functions: NameScope): (step: Step) => string {
  const scope = new NameScope(
    functions,
    message.args.members.map((arg) => camel(arg.name)),
  );
  const names = new Map(
    [...message.shared, ...message.steps].map(
      (step) =>
        [
          step,
          scope.takeWith(step.name === undefined ? defaultName(step, message) : lowerCamel(step.name), "Step"),
        ] as const,
    ),
  );
  return (step) => names.get(step) ?? "step";
}
function defaultName(step: Step, message: Composed | Let | Permit | Opening): string {
  const [call] = callsOf(step.source);
  if (step.source.kind === "resolver")
    return step.source.field === undefined ? lowerFirst(camel(message.desc.name)) : lowerCamel(step.source.field.name);
  const guards = message.steps.filter((other) => other.source.kind === "guard");
  if (step.source.kind === "guard") return `guard${guards.indexOf(step) + 1}`;
  const type = step.autobind ? step.variable?.type : undefined;
  if (type?.kind === "message") return lowerFirst(camel(type.desc.name));
  return call === undefined ? "unnamed" : lowerFirst(call.method.name);
}

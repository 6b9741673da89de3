// Guards and conditions behind which a caller is known.
import { leftBy, testedBy, type Variable } from "../../cel/index.ts";
import { type AnyBlock, composesOf } from "../../resolve/model/blocks.ts";
import type { Block, Model, Step } from "../../resolve/model/model.ts";

/** Returns true if side effects of a block never run for anonymous callers. */
export type CallerGuards = (block: AnyBlock) => boolean;

/**
 * Finds the messages that anonymous callers cannot reach with a side effect: the rpc is not public, a guard of the
 * service or of an outer message refuses them, or the step that composes the message tests `ok(principal)`. Guards run
 * before side effects.
 */
export function callerGuards(model: Model): CallerGuards {
  const closed = new Map<string, boolean>();
  const reach = (message: string, safe: boolean): void => {
    closed.set(message, (closed.get(message) ?? true) && safe);
  };
  for (const { files } of model.packages)
    for (const { services } of files)
      for (const service of services) {
        const byService = service.let !== undefined && refusesAnonymous(service.let);
        for (const { callers, composed } of service.methods)
          reach(composed.desc.typeName, byService || callers?.open.length === 0);
      }
  for (const opening of model.openings) if (refusesAnonymous(opening)) closed.set(opening.desc.typeName, true);
  for (const message of model.messages) {
    const { typeName } = message.desc;
    if (refusesAnonymous(message)) closed.set(typeName, true);
    for (const step of message.steps)
      for (const composed of composesOf(step.source))
        reach(composed.message.typeName, closed.get(typeName) === true || tests(step));
  }
  return (block) => {
    if (block.kind === "composed" || block.kind === "opening") return closed.get(block.desc.typeName) ?? false;
    return refusesAnonymous(block);
  };
}

/** Returns the variables that have a value whenever a side effect of the block runs, because a guard refuses otherwise. */
export function guarded({ steps }: Pick<Block, "steps">): ReadonlySet<Variable> {
  return new Set(
    steps.flatMap((step) => (step.source.kind === "guard" && step.if === undefined ? [...leftBy(step.source.if)] : [])),
  );
}

const refusesAnonymous = (block: Pick<Block, "steps">): boolean => [...guarded(block)].some(isPrincipal);
const tests = (step: Step): boolean => step.if !== undefined && [...testedBy(step.if)].some(isPrincipal);
const isPrincipal = ({ role }: Variable): boolean => role === "principal";

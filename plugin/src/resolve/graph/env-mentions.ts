// Variables of the environment that an expression reads. They are found before types are checked, because services
// declare which variables exist.
import type { Ir, IrFile, IrMessage, IrService } from "../../ir/ir.ts";
import { entryNames, type Mention, namesOf } from "./let-graph.ts";
import { declaredCalls, messageTexts, stepTexts } from "./message-graph.ts";

/**
 * Returns the X of every `env.X` in a message's expressions, or in a service's `let`, and in the upstream entries for
 * their calls.
 */
export function envMentions(ir: Ir, of: IrMessage | IrService, file: IrFile): ReadonlyMap<string, Mention> {
  const texts = of.kind === "message" ? messageTexts(of) : of.steps.flatMap(stepTexts);
  const calls = of.steps.flatMap((step) => declaredCalls(step.source));
  const found = new Map<string, Mention>();
  for (const mention of [...namesOf(ir, file, texts, "env"), ...entryNames(ir, file, calls, "env")])
    if (!found.has(mention.name)) found.set(mention.name, mention);
  return found;
}

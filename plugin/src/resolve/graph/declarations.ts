// Queries of declarations that several stages need before anything is resolved.
import type { IrMessage } from "../../ir/ir.ts";
import type { IrCall, IrSource } from "../../ir/step.ts";

/** Returns true if the message has rules for its composition. */
export function hasRules(message: IrMessage): boolean {
  return message.ruled || message.fields.some((field) => field.by !== undefined || field.resolver !== undefined);
}

/** Returns the source of a step, or the source that an `each` runs for every item. */
export function innerSource(source: IrSource | undefined): IrSource | undefined {
  return source?.kind === "each" ? source.source : source;
}

export function declaredCalls(source: IrSource | undefined): IrCall[] {
  const inner = innerSource(source);
  return inner?.kind === "call" ? [inner] : [];
}

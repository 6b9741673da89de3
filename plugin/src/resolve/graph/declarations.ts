// What is asked of declarations in several places, before anything is resolved.
import type { IrMessage } from "../../ir/ir.ts";
import type { IrCall, IrSource } from "../../ir/step.ts";

/** Whether anything says how the message is composed. */
export function hasRules(message: IrMessage): boolean {
  return message.ruled || message.fields.some((field) => field.by !== undefined || field.resolver !== undefined);
}

/** What a step does once, or an `each` for every item. */
export function innerSource(source: IrSource | undefined): IrSource | undefined {
  return source?.kind === "each" ? source.source : source;
}

export function declaredCalls(source: IrSource | undefined): IrCall[] {
  const inner = innerSource(source);
  return inner?.kind === "call" ? [inner] : [];
}

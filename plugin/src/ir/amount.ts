import type { Origin, Sourced } from "../diagnostic/diagnostic.ts";
import type { AmountEnv, AmountValue } from "../text/amount.ts";

/** A declared number, or the variable of the environment that has it. */
export interface Amount extends Sourced<number>, AmountValue {}

/** The number of an option before its variable is resolved. */
export const unresolved = (name: string, unit: AmountEnv["unit"], at: Origin): Amount => ({
  value: Number.NaN,
  at,
  env: { name, unit, min: Number.NaN, max: Number.NaN, initial: undefined },
});

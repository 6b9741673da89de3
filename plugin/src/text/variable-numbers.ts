// Numbers that variables of the environment have.
import type { AmountValue } from "./amount.ts";
import { defined } from "./json-member.ts";

/** The variable of a number, its bounds and its default; times in milliseconds. The number itself is the largest one. */
export interface VariableNumber {
  readonly env: string;
  readonly min: number;
  readonly max: number;
  readonly default?: number;
}
/** Numbers that variables have, by their names beside it; present only if some have one. */
export interface VariableNumbers {
  readonly variables?: { readonly [number: string]: VariableNumber };
}

export function variableNumbers(amounts: { readonly [name: string]: AmountValue | undefined }): VariableNumbers {
  const found = Object.entries(amounts).flatMap(([name, amount]): [string, VariableNumber][] => {
    if (amount?.env === undefined) return [];
    const { name: env, min, max, initial } = amount.env;
    return [[name, { env, min, max, ...defined("default", initial) }]];
  });
  return found.length === 0 ? {} : { variables: Object.fromEntries(found) };
}

// Numbers within their rules; moments and spans of time are numbers of nanoseconds here.
import type { Candidates } from "./candidates.ts";

/** Rules of numbers, in one form for all types. */
export interface NumberRules<T> {
  readonly const: T | undefined;
  readonly in: readonly T[];
  readonly notIn: readonly T[];
  readonly examples: readonly T[];
  readonly lt: T | undefined;
  readonly lte: T | undefined;
  readonly gt: T | undefined;
  readonly gte: T | undefined;
}
/** Arithmetic between two numbers of a type. */
export interface Steps<T> {
  /** Returns `value` plus a number of steps. */
  readonly plus: (value: T, steps: number) => T;
  readonly half: (low: T, high: T) => T;
  /** Returns true if the type can hold the value. */
  readonly fits: (value: T) => boolean;
  readonly zero: T;
}

/** Maximum number of steps from a start value. */
const TRIED = 200;

/** @param nonzero zero counts as unset, and it has to be set */
export function numbers<T extends number | bigint>(
  ordinary: T,
  rules: NumberRules<T>,
  steps: Steps<T>,
  { nonzero, more }: { readonly nonzero: boolean; readonly more: boolean },
): Candidates<T> {
  const { const: only, in: list, notIn } = rules;
  return {
    ordinary,
    more,
    values: values(ordinary, rules, steps),
    keeps: (value) =>
      steps.fits(value) &&
      within(value, rules) &&
      !(nonzero && value === steps.zero) &&
      (only === undefined || value === only) &&
      (list.length === 0 || list.includes(value)) &&
      !notIn.includes(value),
  };
}

function* values<T extends number | bigint>(ordinary: T, rules: NumberRules<T>, steps: Steps<T>): Iterable<T> {
  if (rules.const !== undefined) yield rules.const;
  yield* rules.examples;
  yield* rules.in;
  const low = rules.gt ?? rules.gte;
  const high = rules.lt ?? rules.lte;
  for (let i = 0; i < TRIED; i++) yield steps.plus(ordinary, i);
  if (low !== undefined) for (let i = 0; i < TRIED; i++) yield steps.plus(low, i);
  if (high !== undefined) for (let i = 0; i < TRIED; i++) yield steps.plus(high, -i);
  if (low !== undefined && high !== undefined) yield steps.half(low, high);
  for (let i = 0; i < TRIED; i++) yield steps.plus(steps.zero, -i);
}

/** A lower bound above the upper one excludes the values between them. */
function within<T extends number | bigint>(value: T, { gt, gte, lt, lte }: NumberRules<T>): boolean {
  const above = gt === undefined ? gte === undefined || value >= gte : value > gt;
  const below = lt === undefined ? lte === undefined || value <= lte : value < lt;
  const low = gt ?? gte;
  const high = lt ?? lte;
  return low !== undefined && high !== undefined && high < low ? above || below : above && below;
}

export const INTEGERS = (least: bigint, most: bigint): Steps<bigint> => ({
  plus: (value, steps) => value + BigInt(steps),
  half: (low, high) => (low + high) / 2n,
  fits: (value) => value >= least && value <= most,
  zero: 0n,
});
/** @param rounded to what the type holds */
export const FLOATS = (rounded: (value: number) => number): Steps<number> => ({
  plus: (value, steps) => rounded(value + steps),
  half: (low, high) => rounded(low + (high - low) / 2),
  fits: Number.isFinite,
  zero: 0,
});
const SECOND = 1_000_000_000n;
/** @param least of seconds, as the most */
export const NANOSECONDS = (least: bigint, most: bigint): Steps<bigint> => ({
  plus: (value, steps) => value + BigInt(steps) * SECOND,
  half: (low, high) => (low + high) / 2n,
  fits: (value) => value >= least * SECOND && value <= most * SECOND + SECOND - 1n,
  zero: 0n,
});

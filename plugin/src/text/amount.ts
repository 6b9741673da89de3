// Numbers of options that operators may set by a variable of the environment, and their texts.
import { timeText } from "./time-text.ts";

/** The variable of a number, with its bounds; times in milliseconds. NaN: not resolved yet. */
export interface AmountEnv {
  readonly name: string;
  readonly unit: "ms" | "count";
  readonly min: number;
  readonly max: number;
  /** Undefined: the variable must be set. */
  readonly initial: number | undefined;
}

/** A number, or the variable that has it. `value` is then the largest allowed one. */
export interface AmountValue {
  readonly value: number;
  readonly env?: AmountEnv | undefined;
}

/** Returns the smallest possible value. */
export const lowest = ({ value, env }: AmountValue): number => env?.min ?? value;

/** Returns the value on mocks: the default, or a sample within the bounds. */
export function sampled({ value, env }: AmountValue): number {
  if (env === undefined) return value;
  return env.initial ?? Math.min(env.max, Math.max(env.min, env.unit === "ms" ? 1_000 : 1));
}

/** `400 ms`, or `env.T (50 ms to 2 s, by default 400 ms)`. */
export function amountText({ value, env }: AmountValue, unit: AmountEnv["unit"] = "ms"): string {
  const text = (number: number): string => (unit === "ms" ? timeText(number) : String(number));
  if (env === undefined) return text(value);
  const initial = env.initial === undefined ? "" : `, by default ${text(env.initial)}`;
  return `env.${env.name} (${text(env.min)} to ${text(env.max)}${initial})`;
}

// Bounds the work of expressions: iterations of macros, characters of built and matched texts, comparisons of sorts.
import { ExpressionError } from "./error.ts";

/** Steps that expressions may still take, for one request or one item of a stream. */
export interface Meter {
  left: number;
  /** Returns the value to throw when `left` is below 0. */
  exceeded(): unknown;
}

/** Default of `BFF_MAX_STEPS`. */
export const MAX_STEPS = 10_000_000;

let most = MAX_STEPS;
/** The meter of expressions outside of requests, without a bound. */
export const UNLIMITED: Meter = { left: Number.POSITIVE_INFINITY, exceeded: () => undefined };
/** Meter of the expression that is being evaluated. Expressions are synchronous, so there is only one. */
let current = UNLIMITED;

/** Sets the steps of each request of this process. */
export function limitSteps(steps: number): void {
  most = steps;
}

/** Returns the steps of one request. */
export function mostSteps(): number {
  return most;
}

/** Selects the meter of the steps that follow. */
export function useMeter(meter: Meter): void {
  current = meter;
}

/**
 * Takes steps from the current meter.
 *
 * @throws ExpressionError, or the failure of the request, when none are left
 */
export function spend(steps: number): void {
  current.left -= steps;
  if (current.left < 0) throw current.exceeded();
}

/** Takes a step for each element of a list, or for each character of a text, and returns the value. */
export function counted<T>(value: T): T {
  const length = (value as { readonly length?: unknown } | null | undefined)?.length;
  spend(typeof length === "number" ? length : 1);
  return value;
}

/** As `counted`, for an expression outside of requests: each call begins a new budget. */
export function countedAlone<T>(value: T): T {
  useMeter(fresh());
  return counted(value);
}

function fresh(): Meter {
  return { left: most, exceeded: () => new ExpressionError("more steps than BFF_MAX_STEPS allows") };
}

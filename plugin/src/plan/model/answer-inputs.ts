import type { CallerFields } from "./caller-fields.ts";

/** Inputs of an answer besides its request. */
export interface PlanInputs {
  /**
   * Fields by their proto names, empty if only the presence of a principal counts; undefined: the answer does not
   * depend on it.
   */
  readonly principal: readonly string[] | "whole" | undefined;
  /** Parts of the caller that its page tokens are bound to; undefined: it contains none. */
  readonly sealed: CallerFields | undefined;
  readonly token: boolean;
  readonly peer: boolean;
  /** Names of incoming headers, lower-case. */
  readonly headers: readonly string[];
}

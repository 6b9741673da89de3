// The form of a plan, and the faults of upstreams.
import type { Case, Rule } from "../../../../packages/conformance/src/case.ts";

/** Cases of one rpc. */
export interface Plan extends Partial<Omit<Case, "id" | "rpc" | "calls">> {
  readonly rpc: string;
  /** Sentences that all of its cases hold. */
  readonly holds: readonly string[];
  /** Default: one case with `request`. */
  readonly requests?: readonly Case["request"][];
  /** Each request is sent with each of them. */
  readonly heads?: readonly Readonly<Record<string, string>>[];
  /** Each request is sent with each fault of each of these upstreams. */
  readonly edges?: readonly string[];
  readonly faults?: readonly Fault[];
  /** The faults are played with the first requests only. */
  readonly faulty?: number;
  /** Counts of calls that may differ from run to run. */
  readonly loose?: readonly string[];
}

/** A fault of an upstream, and the sentences that it concerns. */
export interface Fault {
  readonly name: string;
  readonly rules: readonly Rule[];
  readonly holds: readonly string[];
}
const status = (name: string, code: number, ...holds: readonly string[]): Fault => ({
  name,
  rules: [{ fail: { code, message: `made to fail with ${code}` } }],
  holds,
});

export const STATUSES: readonly Fault[] = [
  status("cancelled", 1, "codes.1", "codes.2"),
  status("unknown", 2, "codes.1", "codes.2"),
  status("invalid-argument", 3, "codes.1", "codes.3"),
  status("deadline-exceeded", 4, "codes.1"),
  status("not-found", 5, "codes.1", "codes.3"),
  status("already-exists", 6, "codes.1", "codes.3"),
  status("permission-denied", 7, "codes.1", "codes.3"),
  status("resource-exhausted", 8, "codes.1"),
  status("failed-precondition", 9, "codes.1", "codes.3"),
  status("aborted", 10, "codes.1", "codes.2"),
  status("out-of-range", 11, "codes.1", "codes.3"),
  status("unimplemented", 12, "codes.1", "codes.3"),
  status("internal", 13, "codes.1", "codes.2"),
  status("unavailable", 14, "codes.1", "codes.2"),
  status("data-loss", 15, "codes.1", "codes.2"),
  status("unauthenticated", 16, "codes.1", "codes.3"),
];
const named = (name: string): readonly Fault[] => STATUSES.filter((fault) => fault.name === name);
export const RESET: Fault = { name: "reset", rules: [{ reset: 2 }], holds: ["codes.4"] };
export const EMPTY: Fault = { name: "empty", rules: [{ answer: {} }], holds: [] };
export const SLOW: Fault = { name: "slow", rules: [{ delay: 15, answer: {} }], holds: [] };
/** The faults of plans that declare none. */
export const USUAL: readonly Fault[] = [
  ...named("not-found"),
  ...named("unavailable"),
  ...named("internal"),
  ...named("resource-exhausted"),
  RESET,
  EMPTY,
];

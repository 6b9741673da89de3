import type { Origin } from "./origin.ts";

type Severity = "error" | "warning";

/** One thing that is wrong, as data; its layout is `render.ts`'s business. */
export interface Diagnostic {
  /**
   * "BFF" and three digits; the first digit is the group, as in docs/diagnostics.md. Never reused. `buf`: a fault with
   * which buf does not build the file.
   */
  readonly code: `BFF${number}` | "buf";
  readonly severity: Severity;
  /** The fault: one sentence without a full stop at its end; names in double quotes. */
  readonly message: string;
  readonly at: Origin;
  /** Other places that matter, each with what to see there. */
  readonly related?: readonly { readonly at: Origin; readonly message: string }[];
  /** The correction: an imperative sentence. */
  readonly hint?: string;
  /** True if it follows from an analysis that any other error makes incomplete. */
  readonly derived?: boolean;
}

/** Receives the findings of a stage. Stages never throw on a user's fault. */
export type Report = (diagnostic: Diagnostic) => void;

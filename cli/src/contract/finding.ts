import type { DriftCode } from "protoc-gen-bff/compiler";
import type { Place } from "./place.ts";

/** A difference between what a consumer uses and what an upstream has. */
export interface Finding {
  /** `note`: the consumer goes on as it is; but its team may want to know. */
  readonly severity: "break" | "note";
  /** As in `protobff explain`. */
  readonly code: DriftCode;
  /** The element of the contract. */
  readonly element: string;
  /** 'field "billing.v1.Usage.spent_cents" is gone' */
  readonly says: string;
  /** What the consumer does with it. */
  readonly uses: readonly string[];
  /** What to do in place of the change; undefined of notes. */
  readonly instead: string | undefined;
  /** Undefined: what it was in is gone, too. */
  readonly at: Place | undefined;
}

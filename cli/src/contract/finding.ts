import type { DriftCode } from "protoc-gen-bff/compiler";
import type { Place } from "./place.ts";

/** A difference between what a consumer uses and what an upstream has. */
export interface Finding {
  /** `note`: the consumer still works, but its team may want the information. */
  readonly severity: "break" | "note";
  /** As in `protobff explain`. */
  readonly code: DriftCode;
  /** The element of the contract. */
  readonly element: string;
  /** One sentence that names the element and its change. */
  readonly message: string;
  /** Uses of the element by the consumer. */
  readonly uses: readonly string[];
  /** Alternative to the change; undefined for notes. */
  readonly instead: string | undefined;
  /** Place of the element; undefined if its parent is removed, too. */
  readonly at: Place | undefined;
}

import type { Code } from "@protobff/runtime/internal/failure";

/** How an upstream behaves. Times are in milliseconds of its clock. */
export type Behaviour =
  /**
   * It answers what its mock says. A stream waits `everyMs` between items, and one without end begins anew with the first when all have been
   * given, by default after a second each.
   */
  | { readonly kind: "answer"; readonly afterMs?: number; readonly everyMs?: number; readonly endless?: boolean }
  /** It answers with this status; a stream after so many items. */
  | {
      readonly kind: "status";
      readonly code: Code;
      readonly message?: string;
      readonly afterMs?: number;
      readonly afterItems?: number;
    }
  /** It accepts no connection. */
  | { readonly kind: "refused" }
  /** It answers what cannot be decoded; a stream after so many items. */
  | { readonly kind: "garbage"; readonly afterItems?: number }
  /** Its answer, or an item, is larger than a reply may be; a stream's after so many items. */
  | { readonly kind: "oversize"; readonly afterItems?: number }
  /** The connection is lost: of a stream after so many items. */
  | { readonly kind: "broken"; readonly afterItems?: number }
  /** It never answers; a stream gives nothing more after so many items. */
  | { readonly kind: "hang"; readonly afterItems?: number };

export const ANSWERING: Behaviour = { kind: "answer" };

/** No wire type is 7. */
export const GARBAGE = Uint8Array.of(0x0f);

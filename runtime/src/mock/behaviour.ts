import type { Code } from "../failure.ts";

/** How an upstream behaves. Times are in milliseconds of its clock. */
export type Behaviour =
  /** It answers what its mock says. */
  | { readonly kind: "answer"; readonly afterMs?: number }
  /** It answers with this status. */
  | { readonly kind: "status"; readonly code: Code; readonly message?: string; readonly afterMs?: number }
  /** It accepts no connection. */
  | { readonly kind: "refused" }
  /** It answers what cannot be decoded. */
  | { readonly kind: "garbage" }
  /** Its answer is larger than a reply may be. */
  | { readonly kind: "oversize" }
  /** It never answers. */
  | { readonly kind: "hang" };

export const ANSWERING: Behaviour = { kind: "answer" };

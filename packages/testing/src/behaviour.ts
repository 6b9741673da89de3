import type { Code } from "@protobff/runtime/internal/failure";

/** Behaviour of an upstream. Times are in milliseconds of its clock. */
export type Behaviour =
  /**
   * Answers as its mock defines. A stream waits `everyMs` between items. An endless one begins again after the last
   * item, by default with a second between items.
   */
  | { readonly kind: "answer"; readonly afterMs?: number; readonly everyMs?: number; readonly endless?: boolean }
  /** Answers with this status; a stream after `afterItems` items. */
  | {
      readonly kind: "status";
      readonly code: Code;
      readonly message?: string;
      readonly afterMs?: number;
      readonly afterItems?: number;
    }
  /** Accepts no connection. */
  | { readonly kind: "refused" }
  /** Answers with bytes that cannot be decoded; a stream after `afterItems` items. */
  | { readonly kind: "garbage"; readonly afterItems?: number }
  /** Answers with a message or item beyond the maximum reply size; a stream after `afterItems` items. */
  | { readonly kind: "oversize"; readonly afterItems?: number }
  /** Loses the connection; of a stream after `afterItems` items. */
  | { readonly kind: "broken"; readonly afterItems?: number }
  /** Never answers; a stream sends nothing more after `afterItems` items. */
  | { readonly kind: "hang"; readonly afterItems?: number };

export const ANSWERING: Behaviour = { kind: "answer" };

/** 7 is not a wire type. */
export const GARBAGE = Uint8Array.of(0x0f);

const KINDS: readonly string[] = ["answer", "status", "refused", "garbage", "oversize", "broken", "hang"];

/**
 * Returns the behaviour. Test runners do not check types, and a mock with another kind would never answer.
 *
 * @throws TypeError for a kind that does not exist
 */
export function checkedBehaviour(behaviour: Behaviour): Behaviour {
  if (KINDS.includes(behaviour.kind)) return behaviour;
  const status = '{ kind: "status", code: Code.NOT_FOUND } answers with an error';
  throw new TypeError(`no behaviour has the kind "${behaviour.kind}"; write one of ${KINDS.join(", ")}: ${status}`);
}

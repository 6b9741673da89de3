import type { Message } from "@bufbuild/protobuf";

/** Charges of limits before the request was composed. */
export interface EarlyCharges {
  /** Returns the charges. */
  refund(): void;
  /** Ends the charges of a request that failed: they stay. */
  kept(): void;
  /** Settles the charges with the actual cost. */
  answered(response: Message): void;
  /** Returns the charges of a stream that are settled at its end. Undefined if none is. */
  streamed(): StreamCharges | undefined;
}

/** Charges that a stream settles at its end. */
export interface StreamCharges {
  /** Counts an item of the source. */
  item(item: unknown): void;
  /** Counts a message that was sent. */
  message(read: () => unknown): void;
  /** @param sent true if any upstream was called */
  ended(ok: boolean, sent: boolean): void;
}

/** Evaluation failed at run time: an index out of range, overflow, a number that does not fit … Reason INVALID. */
export class Invalid extends Error {}

/** An enum value of the BFF that has no counterpart upstream: the call fails INVALID_ARGUMENT. */
export class NoCounterpart extends Invalid {}

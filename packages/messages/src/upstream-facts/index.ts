// Facts of upstream protos that a BFF relies on, and how they change. The compiler compares protos with the lock; the
// server compares deployed upstreams with the protos that it was generated from.
export { addedValues, type Change, changeInJson, changesOf } from "./changes.ts";
export * from "./facts.ts";
export * from "./find-element.ts";
export { lostReliances, RELIANCES, type Reliance, unsetRequired } from "./reliance.ts";

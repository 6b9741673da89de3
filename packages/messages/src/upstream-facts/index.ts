// Facts of upstream protos that a BFF relies on, and how they change. The compiler compares protos with the lock; the
// server compares deployed upstreams with the protos that it was generated from.
export { addedValues, type Change, changeInJson, changesOf } from "./changes.ts";
export {
  elementName,
  type Facts,
  type FieldFacts,
  factsOf,
  jsonName,
  learned,
  type MethodFacts,
  type UpstreamElement,
  withHttp,
} from "./facts.ts";
export {
  findElement,
  findParent,
  findRenamed,
  membersOf,
  type ParentElement,
  parentName,
  shortName,
} from "./find-element.ts";
export { lostReliances, RELIANCES, type Reliance, unsetRequired } from "./reliance.ts";

// `@protobff/runtime/internal/samples`: sample messages, for predictions of the compiler, for the mocks of
// `@protobff/testing` and for the warm-up of `@protobff/server`.
export { completed, isSure, sample } from "./sample.ts";
export { sampleItems } from "./sample-items.ts";

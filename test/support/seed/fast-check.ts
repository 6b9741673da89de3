// The tests' import `fast-check` (vitest.config.ts): the same library, with the seed of the run for all properties
// without a seed.
import fc from "../../../node_modules/fast-check/lib/fast-check.js";
import { seedOf } from "./seed.ts";

fc.configureGlobal({ seed: Number(seedOf()) });

export * from "../../../node_modules/fast-check/lib/fast-check.js";
export default fc;

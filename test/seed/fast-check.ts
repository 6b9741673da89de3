// What tests import as `fast-check` (vitest.config.ts): the same, with the seed of the run for all properties that have none of their own.
import fc from "../../node_modules/fast-check/lib/fast-check.js";
import { seedOf } from "./seed.ts";

fc.configureGlobal({ seed: Number(seedOf()) });

export * from "../../node_modules/fast-check/lib/fast-check.js";
export default fc;

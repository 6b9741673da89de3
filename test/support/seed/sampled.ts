import { seedOf } from "./seed.ts";

/**
 * Returns a part of the cases that differs from run to run: every fifth one, from a place that the run's seed draws.
 * Tests whose cases are independent, and take minutes together, run a part of them in each run. `PROTOBFF_SHARE=1`
 * runs all of them, `PROTOBFF_SHARE=3` a third.
 *
 * @param usual 3: every third one, for tests that need as many
 */
export function sampled<T>(cases: readonly T[], usual = 5): readonly T[] {
  const share = Number(process.env.PROTOBFF_SHARE ?? usual);
  return cases.filter((_, at) => at % share === Number(seedOf()) % share);
}

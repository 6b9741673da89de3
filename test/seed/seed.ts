/**
 * The seed of a random test, a whole number below 2^31 in decimal: that of its own variable, else that of the run, which vitest.config.ts
 * draws unless `PROTOBFF_SEED` says it.
 *
 * @param own the test's variable, such as `PROTOBFF_TIMES_SEED`
 */
export function seedOf(own?: string): string {
  const seed = (own === undefined ? undefined : process.env[own]) ?? process.env.PROTOBFF_SEED;
  if (seed === undefined) throw new Error("PROTOBFF_SEED is not set, which vitest.config.ts does");
  return seed;
}

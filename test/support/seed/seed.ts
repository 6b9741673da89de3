/**
 * Returns the seed of a random test, a whole number below 2^31 in decimal. It is the value of the test's own variable,
 * else that of the run. vitest.config.ts draws the latter unless `PROTOBFF_SEED` sets it.
 *
 * @param variable the test's variable, such as `PROTOBFF_TIMES_SEED`
 */
export function seedOf(variable?: string): string {
  const seed = (variable === undefined ? undefined : process.env[variable]) ?? process.env.PROTOBFF_SEED;
  if (seed === undefined) throw new Error("PROTOBFF_SEED is not set, which vitest.config.ts does");
  return seed;
}

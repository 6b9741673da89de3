// Holds docs/runtime.md#rate-limits
import { expect, test } from "vitest";
import { limitLoad } from "../testing/limit-load.ts";
import { startRedis } from "../testing/redis-rig.ts";

test("four processes admit no more than one would, and refused requests charge nothing", {
  timeout: 120_000,
}, async () => {
  const { admin, url } = await startRedis();
  const load = await limitLoad(admin, url, 4, 15_000);
  for (const { admitted, bound } of [...load.users, load.tenant]) {
    expect(admitted).toBeLessThanOrEqual(bound);
    expect(admitted).toBeGreaterThan(0);
  }
  // All processes have requested far more than the limit.
  expect(load.tries).toBeGreaterThan(2 * load.tenant.bound);
  expect(load.tenant.admitted + load.alone).toBeGreaterThan(0.3 * load.tenant.bound);
  // Charges whose answer was too late for an admitted request stay.
  expect(load.counted).toBeGreaterThanOrEqual(load.tenant.admitted);
  expect(load.counted).toBeLessThanOrEqual(load.tenant.admitted + load.alone);
});

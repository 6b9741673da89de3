// Which calls wait for which where something has side effects, by the order of arrivals: nothing here depends on time.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Call, gather, type World } from "./world.ts";

const UNAVAILABLE = 14;

let bff: Awaited<ReturnType<typeof gather>>;
let world: World;
beforeAll(async () => {
  bff = await gather();
});
afterAll(() => bff.remove());
beforeEach(async () => {
  world = await bff.start();
});
afterEach(() => world.close());

const names = (calls: readonly Call[]) => calls.map(({ name }) => name).sort();
const named = (calls: readonly Call[], name: string) => {
  const found = calls.find((call) => call.name === name);
  if (found === undefined) throw new Error(`no ${name} in ${names(calls)}`);
  return found;
};

test("what is said to be read-only waits for nothing, and is tried again", async () => {
  const answer = world.ask("OrderService/GetVouched", { ids: [] });
  const calls = await world.calls(2);
  expect(names(calls)).toEqual(["OrderService/Redeem again", "OrderService/Tell told"]);
  named(calls, "OrderService/Redeem again").fail(UNAVAILABLE);
  const [second] = await world.calls(3, 2);
  expect(second?.name).toBe("OrderService/Redeem again");
  second?.answer({ cents: "2" });
  named(calls, "OrderService/Tell told").answer({ cents: "3" });
  expect(await answer).toEqual({ cents: "5" });
});

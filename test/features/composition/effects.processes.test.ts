// Which calls wait for which where something has side effects, by the order of arrivals: nothing here depends on time.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Call, gather, type World } from "./world.ts";

const NOT_FOUND = 5;
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

test("a read-only call waits for nothing and is retried", async () => {
  const answer = world.send("OrderService/GetVouched", { ids: [] });
  const calls = await world.calls(2);
  expect(names(calls)).toEqual(["OrderService/Redeem again", "OrderService/Tell told"]);
  named(calls, "OrderService/Redeem again").fail(UNAVAILABLE);
  const [second] = await world.calls(3, 2);
  expect(second?.name).toBe("OrderService/Redeem again");
  second?.answer({ cents: "2" });
  named(calls, "OrderService/Tell told").answer({ cents: "3" });
  expect(await answer).toEqual({ cents: "5" });
});

test("unordered writes wait for the prerequisites of all side effects, and not for each other", async () => {
  const answer = world.send("OrderService/SendAll", { ids: ["a", "b", "c"] });
  const [ready] = await world.calls(1);
  expect(ready?.name).toBe("ItemService/Get ready");
  ready?.answer({ cents: "1" });
  const sent = await world.calls(5, 1);
  expect(names(sent)).toEqual([
    "OrderService/Place a",
    "OrderService/Place b",
    "OrderService/Redeem redeemed",
    "OrderService/Tell told",
  ]);
  named(sent, "OrderService/Place b").answer({ id: "B" });
  const [last] = await world.calls(6, 5);
  expect(last?.name).toBe("OrderService/Place c");
  last?.answer({ id: "C" });
  named(sent, "OrderService/Place a").answer({ id: "A" });
  named(sent, "OrderService/Redeem redeemed").answer({ cents: "20" });
  named(sent, "OrderService/Tell told").answer({ cents: "300" });
  const [paid] = await world.calls(7, 6);
  expect(paid?.name).toBe("OrderService/Pay 321");
  paid?.answer({ cents: "4000" });
  expect(await answer).toEqual({ cents: "4321", placed: ["A", "B", "C"] });
});

test("a failing unordered write lets sent ones finish and prevents unsent ones", async () => {
  const answer = world.send("OrderService/SendAll", { ids: ["a", "b", "c"] });
  const failure = answer.catch((error: unknown) => error);
  (await world.calls(1))[0]?.answer({});
  const sent = await world.calls(5, 1);
  named(sent, "OrderService/Place a").fail(NOT_FOUND);
  const states: string[] = [];
  const left = sent.filter(({ name }) => name !== "OrderService/Place a");
  for (const call of left) void call.gone.then(() => states.push(call.name));
  // Each has its answer only after the one before it is gone: none is cancelled meanwhile.
  for (const [i, call] of left.entries()) {
    expect(states).toHaveLength(i);
    call.answer({ id: "late", cents: "1" });
    await call.gone;
  }
  expect(await failure).toMatchObject({ rawMessage: expect.any(String) });
  expect(world.count).toBe(5);
});

// Steps that only members of a oneof read, by the order of arrivals: nothing here depends on time.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { gather, type World } from "./world.ts";

const NOT_FOUND = 5;

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

/** Asks for a plan of an item with so much stock; the next call, and the answer. */
async function planOf(stock: number) {
  const answer = world.send("PlanService/GetPlan", { ids: [] });
  const [item] = await world.calls(1);
  expect(item?.name).toBe("ItemService/Get item");
  item?.answer({ stock });
  const [next] = await world.calls(2, 1);
  return { answer, next };
}

test("only the steps of the selected member are called, one after another", async () => {
  const { answer, next } = await planOf(11);
  expect(next?.name).toBe("NoteService/Get gold");
  next?.answer({ id: "more", text: "go" });
  const [more] = await world.calls(3, 2);
  expect(more?.name).toBe("NoteService/Get more");
  more?.answer({ text: "ld" });
  expect(await answer).toEqual({ gold: "gold" });
  expect(world.count).toBe(3);
});

test("steps of a later member are called when no earlier one can be selected, and their failure degrades that member", async () => {
  const { answer, next } = await planOf(7);
  expect(next?.name).toBe("NoteService/Get silver");
  next?.fail(NOT_FOUND);
  const { degraded, ...rest } = await answer;
  expect(rest).toEqual({});
  expect(degraded).toMatchObject([{ path: "silver", effect: "EFFECT_MISSING", upstream: "up.v1.NoteService" }]);
  expect(world.count).toBe(2);
});

test("steps of the default are called when no member is selected, and a critical failure fails the response", async () => {
  const { answer, next } = await planOf(0);
  expect(next?.name).toBe("NoteService/Get free");
  const failure = answer.catch((error: unknown) => error);
  next?.fail(NOT_FOUND);
  expect(await failure).toBeInstanceOf(Error);
  expect(world.count).toBe(2);
});

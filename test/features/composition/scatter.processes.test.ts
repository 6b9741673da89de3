// Scatter and gather, by the order of events: nothing here depends on time.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Call, gather, type World } from "./world.ts";

const NOT_FOUND = 5;
const REJECTED = "REASON_REJECTED";

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

test("calls are limited to `concurrent` at a time, and the next item follows in order", async () => {
  const answer = world.send("GetAll", { ids: ["a", "b", "c", "d"] });
  const first = await world.calls(3);
  expect(names(first)).toEqual(["ItemService/Get beside", "NoteService/Get a", "NoteService/Get b"]);
  named(first, "NoteService/Get b").answer({ text: "B" });
  const [c] = await world.calls(4, 3);
  expect(c?.name).toBe("NoteService/Get c");
  named(first, "NoteService/Get a").answer({ text: "A" });
  const [d] = await world.calls(5, 4);
  expect(d?.name).toBe("NoteService/Get d");
  d?.answer({ text: "D" });
  c?.answer({ text: "C" });
  named(first, "ItemService/Get beside").answer({ text: "beside" });
  expect(await answer).toEqual({ notes: ["A", "B", "C", "D"], beside: "beside" });
});

test("the first failure cancels running items, prevents waiting ones, and leaves other steps alone", async () => {
  const answer = world.send("GetAll", { ids: ["a", "b", "c", "d"] });
  const calls = await world.calls(3);
  named(calls, "NoteService/Get a").fail(NOT_FOUND);
  await named(calls, "NoteService/Get b").gone;
  named(calls, "ItemService/Get beside").answer({ text: "beside" });
  const { degraded, ...rest } = await answer;
  expect(rest).toEqual({ beside: "beside" });
  expect(degraded).toMatchObject([{ path: "notes", effect: "EFFECT_MISSING", reason: REJECTED }]);
  expect(world.count).toBe(3);
});

test("a list with more items than max makes no call and is degraded", async () => {
  const answer = world.send("GetAll", { ids: ["a", "b", "c", "d", "e", "f"] });
  const [beside] = await world.calls(1);
  expect(beside?.name).toBe("ItemService/Get beside");
  beside?.answer({ text: "beside" });
  const { degraded } = await answer;
  expect(degraded).toMatchObject([{ path: "notes", effect: "EFFECT_MISSING", reason: "REASON_INVALID" }]);
  expect(world.count).toBe(1);
});

test("a partial list leaves out a failing item with its calls, and entries of the others have their new indexes", async () => {
  const answer = world.send("GetSome", { ids: ["a", "b", "c"] });
  const calls = await world.calls(6);
  named(calls, "NoteService/Get a").fail(NOT_FOUND);
  await named(calls, "ItemService/Get a").gone; // only its own
  for (const id of ["b", "c"]) named(calls, `NoteService/Get ${id}`).answer({ text: id.toUpperCase() });
  named(calls, "ItemService/Get b").answer({ text: "item b" });
  named(calls, "ItemService/Get c").fail(NOT_FOUND);
  const { cards, degraded } = await answer;
  expect(cards).toEqual([{ note: "B", item: "item b" }, { note: "C" }]);
  expect(degraded).toMatchObject([
    { path: "cards", effect: "EFFECT_INCOMPLETE", reason: REJECTED, upstream: "up.v1.NoteService" },
    { path: "cards[1].item", effect: "EFFECT_MISSING", reason: REJECTED, upstream: "up.v1.ItemService" },
  ]);
});

test("a partial list fails if all of its items fail, and not if it is empty", async () => {
  const answer = world.send("GetSome", { ids: ["a", "b"] });
  const refused = expect(answer).rejects.toMatchObject({ code: 13 });
  const calls = await world.calls(4);
  for (const id of ["a", "b"]) named(calls, `NoteService/Get ${id}`).fail(NOT_FOUND);
  await refused;
  expect(await world.send("GetSome", {})).toEqual({});
});

test("the best of all shards are selected in any order of answers, and a failing shard leaves the best of the others", async () => {
  const hits = (id: string, ...scores: number[]) => ({ hits: scores.map((score) => ({ id: `${id}${score}`, score })) });
  const whole = world.send("GetBest", { ids: ["x", "y", "z"] });
  const calls = await world.calls(3);
  named(calls, "SearchService/Query z").answer(hits("z", 9, 1));
  named(calls, "SearchService/Query x").answer(hits("x", 5, 7));
  named(calls, "SearchService/Query y").answer(hits("y", 6, 8, 2));
  expect(await whole).toEqual({ ids: ["z9", "y8", "x7"] });

  const part = world.send("GetBest", { ids: ["x", "y"] });
  const more = await world.calls(5, 3);
  named(more, "SearchService/Query y").fail(14);
  named(more, "SearchService/Query x").answer(hits("x", 5, 7));
  const { ids, degraded } = await part;
  expect(ids).toEqual(["x7", "x5"]);
  expect(degraded).toMatchObject([{ path: "ids", effect: "EFFECT_INCOMPLETE", upstream: "up.v1.SearchService" }]);
});

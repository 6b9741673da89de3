// Lists that need some of their items, by the order of events: nothing here depends on time.
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

const named = (calls: readonly Call[], name: string) => {
  const found = calls.find((call) => call.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};
const note = (id: string) => `NoteService/Get ${id}`;
const item = (id: string) => `ItemService/Get ${id}`;

test("enough values end the list: running items are cancelled, waiting items never start", async () => {
  const answer = world.send("QuorumService/GetFirst", { ids: ["a", "b", "c", "d", "e"] });
  const calls = await world.calls(3);
  named(calls, note("c")).answer({ text: "C" });
  const [d] = await world.calls(4, 3);
  named(calls, note("a")).answer({ text: "A" });
  expect(await answer).toEqual({ notes: ["A", "C"] });
  await named(calls, note("b")).gone;
  await d?.gone;
  expect(world.count).toBe(4);
});

test("failures are tolerated until the list can no longer have enough values", async () => {
  const served = world.send("QuorumService/GetFirst", { ids: ["a", "b", "c"] });
  const calls = await world.calls(3);
  named(calls, note("a")).fail(NOT_FOUND);
  for (const id of ["b", "c"]) named(calls, note(id)).answer({ text: id });
  expect(await served).toEqual({ notes: ["b", "c"] });

  const failed = world.send("QuorumService/GetFirst", { ids: ["a", "b", "c"] });
  const more = await world.calls(6, 3);
  named(more, note("c")).fail(UNAVAILABLE);
  named(more, note("a")).fail(NOT_FOUND);
  expect((await failed).degraded).toMatchObject([{ path: "notes", effect: "EFFECT_MISSING" }]);
  await named(more, note("b")).gone;
});

test("a list with fewer items than it needs makes no call", async () => {
  const { degraded } = await world.send("QuorumService/GetFirst", { ids: ["a"] });
  expect(degraded).toMatchObject([{ path: "notes", effect: "EFFECT_MISSING", reason: "REASON_INVALID" }]);
  await expect(world.send("QuorumService/GetReplicas", { ids: ["a", "none"] })).rejects.toMatchObject({ code: 13 });
  expect(world.count).toBe(0);
});

test("three of five replicas answer while one fails and one never answers", async () => {
  const answer = world.send("QuorumService/GetReplicas", { ids: ["a", "b", "c", "d", "e"] });
  const calls = await world.calls(10);
  named(calls, note("b")).fail(UNAVAILABLE);
  for (const id of ["a", "d", "e"]) {
    named(calls, note(id)).answer({ text: id });
    named(calls, item(id)).answer({ text: `item ${id}` });
  }
  const card = (id: string) => ({ note: id, item: `item ${id}` });
  expect(await answer).toEqual({ cards: { a: card("a"), d: card("d"), e: card("e") } });
  for (const name of [note("c"), item("c")]) await named(calls, name).gone;
});

test("with `partial` fewer values than `enough` are incomplete, and fewer than `min` fail", async () => {
  const incomplete = world.send("QuorumService/GetReplicas", { ids: ["a", "b", "c", "d"] });
  const calls = await world.calls(8);
  for (const id of ["a", "b"]) named(calls, note(id)).fail(UNAVAILABLE);
  for (const id of ["c", "d"]) {
    named(calls, note(id)).answer({ text: id });
    named(calls, item(id)).answer({ text: id });
  }
  const { cards, degraded } = await incomplete;
  expect(Object.keys(cards as object)).toEqual(["c", "d"]);
  expect(degraded).toMatchObject([{ path: "cards", effect: "EFFECT_INCOMPLETE", reason: "REASON_UNAVAILABLE" }]);

  const failed = world.send("QuorumService/GetReplicas", { ids: ["a", "b", "c"] });
  const refused = expect(failed).rejects.toMatchObject({ code: UNAVAILABLE });
  const more = await world.calls(14, 8);
  for (const id of ["a", "b"]) named(more, note(id)).fail(UNAVAILABLE);
  await refused;
  await named(more, note("c")).gone;
});

// Batches out of nested messages, by the order of events. Deadlines of who waits are in runtime/src/call/batch.test.ts, on a clock that
// stands still.
// Holds docs/runtime.md#batching
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { gather, type World } from "./world.ts";

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

const item = (id: string, text = id.toUpperCase()) => ({ id, text });

test("keys of all depths are sent together, each once, split at max", async () => {
  const answer = world.send("GetTree", { ids: ["a", "b", "a"], more: ["c", "b", "d"] });
  const calls = await world.calls(2);
  const batches = calls.map(({ ids }) => ids);
  expect(batches.map((ids) => ids.length)).toEqual([3, 1]);
  expect(batches.flat().sort()).toEqual(["a", "b", "c", "d"]);
  for (const call of calls) call.answer({ items: call.ids.map((id) => item(id)) });
  const leaf = (id: string) => ({ id, text: id.toUpperCase() });
  expect(await answer).toEqual({
    first: "A",
    leaves: [leaf("a"), leaf("b"), leaf("a")],
    branch: { leaves: [leaf("c"), leaf("b"), leaf("d")] },
  });
  expect(world.count).toBe(2);
});

test("a missing key is absent without a cause; the first of two items counts; unrequested items and the order do not matter", async () => {
  const answer = world.send("GetTree", { ids: ["a", "b"], more: ["c"] });
  const [call] = await world.calls(1);
  call?.answer({ items: [item("z"), item("c"), item("a", "first"), item("a", "second")] });
  expect(await answer).toEqual({
    first: "first",
    leaves: [{ id: "a", text: "first" }, { id: "b" }],
    branch: { leaves: [{ id: "c", text: "C" }] },
  });
});

test("a failing part fails its keys wherever they are read, and no others", async () => {
  const answer = world.send("GetTree", { ids: ["a", "b", "c"], more: ["d", "e"] });
  const calls = await world.calls(2);
  const failing = calls.find(({ ids }) => !ids.includes("a"));
  const good = calls.find(({ ids }) => ids.includes("a"));
  failing?.fail(14);
  good?.answer({ items: good.ids.map((id) => item(id)) });
  const { leaves, branch, degraded } = (await answer) as {
    leaves: { id: string; text?: string }[];
    branch: { leaves: { id: string; text?: string }[] };
    degraded: { path: string }[];
  };
  const failed = new Set(failing?.ids);
  const missing = [
    ...leaves.flatMap(({ id }, at) => (failed.has(id) ? [`leaves[${at}].text`] : [])),
    ...branch.leaves.flatMap(({ id }, at) => (failed.has(id) ? [`branch.leaves[${at}].text`] : [])),
  ];
  expect(missing.length).toBe(failed.size);
  expect(degraded.map(({ path }) => path)).toEqual(missing);
  for (const { id, text } of [...leaves, ...branch.leaves])
    expect(text).toBe(failed.has(id) ? undefined : id.toUpperCase());
});

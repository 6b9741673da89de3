// Holds docs/runtime.md#caching
import { expect, test } from "vitest";
import { Code } from "../../failure.ts";
import { idle } from "../../testing/fake-clock.ts";
import { type Answered, type FrontOptions, front, page } from "../../testing/front.ts";
import { LeasedStore } from "../../testing/leased-store.ts";
import { Cache, type CacheOptions } from "../cache.ts";
import { Purges } from "../purges.ts";
import { LeasedLevel, noWaits } from "./leased-level.ts";

/** Processes with one store, whose clocks advance together. */
function processes(count: number, options: FrontOptions = {}) {
  const store = new LeasedStore();
  const all = Array.from({ length: count }, () => {
    const counts = noWaits();
    const failures: string[] = [];
    const failed = (error: unknown) => failures.push(String(error));
    const guard: CacheOptions["guard"] = (level, clock) => new LeasedLevel(level, clock, counts, failed);
    const purges = new Purges();
    const bff = front({
      timeoutMs: 1_000,
      call: { timeoutMs: 800, cache: { ttlMs: 1_000, staleMs: 10_000 } },
      cache: (clock) => new Cache({ clock, second: store, tagged: { second: store }, purges, guard }),
      ...options,
    });
    bff.clock.chance = 0;
    const get = (more?: { clientMs: number }) =>
      bff.send(async (cx) => page({ spentCents: (await cx.call(cx.app.get, { id: "a" })).count }), more);
    return { ...bff, counts, failures, purges, get };
  });
  store.now = () => all[0]?.clock.now() ?? 0;
  const advance = async (ms: number): Promise<void> => {
    for (let i = 0; i < ms; i++) for (const { clock } of all) await clock.advance(1);
  };
  const sent = () => all.map(({ client }) => client.sent.length);
  return { store, all, advance, sent };
}
const spent = (request: { answer: Promise<Answered> }) => request.answer.then(({ page }) => page?.spentCents);

test("one of all processes fetches, and the others have its answer", async () => {
  const { all, advance, sent, store } = processes(4);
  const answers = all.map(({ get }) => get());
  await advance(100);
  expect(sent()).toEqual([1, 0, 0, 0]);
  all[0]?.client.of("a").thing({ count: 7n });
  await advance(50);
  expect(await Promise.all(answers.map(spent))).toEqual([7n, 7n, 7n, 7n]);
  expect(sent()).toEqual([1, 0, 0, 0]);
  expect(all.map(({ counts }) => counts.found)).toEqual([0, 1, 1, 1]);
  expect(store.leases.size).toBe(0);
  expect(all.map(({ clock }) => clock.running)).toEqual([0, 0, 0, 0]);
});

test("a process waits for a hanging fetch for half of its remaining time", async () => {
  const { all, advance, sent } = processes(3);
  const answers = all.map(({ get }) => get());
  await advance(390);
  expect(sent()).toEqual([1, 0, 0]);
  await advance(20);
  expect(sent()).toEqual([1, 1, 1]);
  expect(all.map(({ counts }) => counts.late)).toEqual([0, 1, 1]);
  await advance(800);
  for (const { answer } of answers) expect((await answer).failure?.code).toBe(Code.DEADLINE_EXCEEDED);
  expect(sent()).toEqual([1, 1, 1]);
});

test("a request with less time shortens the wait of the fetch that it joins", async () => {
  const { all, advance, sent } = processes(2);
  const [nodeA, nodeB] = all;
  nodeA?.get();
  await advance(1);
  nodeB?.get();
  await advance(99);
  nodeB?.get({ clientMs: 200 });
  await advance(60);
  expect(sent()).toEqual([1, 0]);
  await advance(40);
  expect(sent()).toEqual([1, 1]);
});

test("a failed fetch ends all waits", async () => {
  const { all, advance, sent } = processes(3);
  const answers = all.map(({ get }) => get());
  await advance(20);
  all[0]?.client.of("a").fault(Code.INTERNAL);
  await advance(50);
  expect(sent()).toEqual([1, 1, 1]);
  for (const { client } of all.slice(1)) client.of("a").thing({ count: 8n });
  await advance(1);
  expect((await answers[0]?.answer)?.failure?.code).toBe(Code.INTERNAL);
  expect(await Promise.all(answers.slice(1).map(spent))).toEqual([8n, 8n]);
  expect(all.map(({ counts }) => counts.failed)).toEqual([0, 1, 1]);
});

test("answers that are not kept are fetched by every process for 10 s", async () => {
  const tags = () => [[undefined]];
  const { all, advance, sent } = processes(2, {
    call: { timeoutMs: 800, cache: { ttlMs: 1_000, tags } },
  });
  const [nodeA, nodeB] = all;
  nodeA?.get();
  await advance(10);
  nodeB?.get();
  await advance(10);
  nodeA?.client.of("a").thing({ count: 1n });
  await advance(20);
  expect(sent()).toEqual([1, 1]);
  nodeB?.client.of("a").thing({ count: 1n });
  await advance(9_000);
  nodeA?.get();
  nodeB?.get();
  await advance(2);
  expect(sent()).toEqual([2, 2]);
  expect(all.map(({ counts }) => counts.unkept)).toEqual([1, 2]);
});

test("a store that does not answer delays a fetch by its timeout, and is reported", async () => {
  const { all, advance, sent, store } = processes(2);
  store.isAway = true;
  for (const { get } of all) get();
  await advance(49);
  expect(sent()).toEqual([0, 0]);
  await advance(2);
  expect(sent()).toEqual([1, 1]);
  expect(all.map(({ counts }) => counts.away)).toEqual([1, 1]);
  expect(all.map(({ failures }) => failures)).toEqual([1, 2].map(() => ["Error: no reply within 50 ms"]));
});

test("a store that is lost during a wait ends it", async () => {
  const { all, advance, sent, store } = processes(2);
  for (const { get } of all) get();
  await advance(100);
  store.isAway = true;
  await advance(101);
  expect(sent()).toEqual([1, 1]);
  expect(all.map(({ counts }) => counts.away)).toEqual([0, 1]);
});

test("a store that keeps no entry ends all waits, and is reported", async () => {
  const { all, advance, sent, store } = processes(2);
  store.isFull = true;
  for (const { get } of all) get();
  await advance(20);
  all[0]?.client.of("a").thing({ count: 1n });
  await advance(20);
  expect(sent()).toEqual([1, 1]);
  expect(all[0]?.failures).toEqual(["Error: OOM command not allowed"]);
});

test("a cancelled fetch hands its lease over", async () => {
  const { all, advance, sent } = processes(3);
  const [first] = all.map(({ get }) => get());
  await advance(20);
  first?.cancel();
  await advance(50);
  expect(sent()[0]).toBe(1);
  expect(sent().slice(1).sort()).toEqual([0, 1]);
});

test("a killed process delays an answer by at most half of a request's time", async () => {
  const { all, advance, sent, store } = processes(2);
  const [nodeA, nodeB] = all;
  nodeA?.get();
  await advance(1);
  const { clock } = nodeA ?? {};
  store.now = () => nodeB?.clock.now() ?? 0;
  const answer = nodeB?.get();
  for (let i = 0; i < 410; i++) await nodeB?.clock.advance(1);
  expect(clock?.running).toBeGreaterThan(0);
  expect(sent()).toEqual([1, 1]);
  nodeB?.client.of("a").thing({ count: 9n });
  await idle();
  expect(await (answer && spent(answer))).toBe(9n);
});

test("one process renews an old answer for all", async () => {
  const { all, advance, sent } = processes(3);
  const first = all[0]?.get();
  await advance(10);
  all[0]?.client.of("a").thing({ count: 1n });
  await advance(2_000);
  expect(await (first && spent(first))).toBe(1n);
  // The first process has it in its own level, the others in the second.
  const answers = all.map(({ get }) => get());
  await advance(20);
  expect(await Promise.all(answers.map(spent))).toEqual([1n, 1n, 1n]);
  expect(sent().reduce((a, b) => a + b)).toBe(2);
  const renewing = all.find(({ client }, i) => client.sent.length === (i === 0 ? 2 : 1));
  renewing?.client.of("a").thing({ count: 2n });
  await advance(60);
  const renewed = all.map(({ get }) => get());
  await advance(1);
  expect(await Promise.all(renewed.map(spent))).toEqual([2n, 2n, 2n]);
  expect(sent().reduce((a, b) => a + b)).toBe(2);
});

test("without single_fetch every process fetches", async () => {
  const { all, advance, sent } = processes(3, {
    call: { timeoutMs: 800, cache: { ttlMs: 1_000, singleFetch: false } },
  });
  for (const { get } of all) get();
  await advance(10);
  expect(sent()).toEqual([1, 1, 1]);
});

test("a request that came after a purge has no answer of a fetch from before it", async () => {
  const tags = () => [["item"]];
  const { all, advance, sent } = processes(2, {
    call: { timeoutMs: 800, cache: { ttlMs: 1_000, tags } },
  });
  const [nodeA, nodeB] = all;
  nodeA?.get();
  await advance(10);
  for (const { purges } of all) purges.purge(["item"]);
  const answer = nodeB?.get();
  await advance(10);
  nodeA?.client.of("a").thing({ count: 1n });
  await advance(60);
  expect(sent()).toEqual([1, 1]);
  nodeB?.client.of("a").thing({ count: 2n });
  await advance(60);
  expect(await (answer && spent(answer))).toBe(2n);
});

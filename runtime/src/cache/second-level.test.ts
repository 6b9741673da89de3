// Holds docs/runtime.md#caching
import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { Code } from "../failure.ts";
import { byId } from "../testing/fake-client.ts";
import { type FakeClock, idle } from "../testing/fake-clock.ts";
import { type FrontOptions, front, page } from "../testing/front.ts";
import { ThingSchema } from "../testing/gen/test_pb.ts";
import { Cache } from "./cache.ts";
import type { Found, SecondLevel } from "./second-level.ts";

/** A second level that a test controls. */
class Shared implements SecondLevel {
  readonly kept = new Map<string, { bytes: Uint8Array; lifeMs: number; at: number }>();
  mode: "ok" | "hangs" | "fails" | "throws" | "full" = "ok";
  lookupCount = 0;
  now = (): number => 0;
  async get(key: string): Promise<Found | undefined> {
    this.lookupCount++;
    if (this.mode === "hangs") return new Promise(() => {});
    if (this.mode === "fails") throw new Error("down");
    const found = this.kept.get(key);
    const ageMs = found === undefined ? 0 : this.now() - found.at;
    return found !== undefined && ageMs < found.lifeMs ? { bytes: found.bytes, ageMs } : undefined;
  }
  set(key: string, bytes: Uint8Array, lifeMs: number): Promise<void> {
    if (this.mode === "throws") throw new Error("at once");
    if (this.mode === "full") return Promise.reject(new Error("OOM command not allowed"));
    this.kept.set(key, { bytes, lifeMs, at: this.now() });
    return Promise.resolve();
  }
}

const thing = (count: bigint) => toBinary(ThingSchema, create(ThingSchema, { count }));
let count = 0n;
/** A separate process, with a separate first level. */
function process_(shared: Shared, options: FrontOptions = {}, clock?: FakeClock) {
  const all = front({
    call: { cache: { ttlMs: 1_000, staleMs: 10_000 } },
    cache: (clock) => new Cache({ clock, second: shared }),
    ...options,
  });
  all.clock.chance = 0;
  if (clock !== undefined) all.clock.skip(clock.now() - all.clock.now());
  shared.now = () => all.clock.now();
  all.client.answer = (sent) => sent.thing({ count: ++count });
  const get = () =>
    all.send(async (cx) => {
      const step = cx.tryCall(cx.app.get, { id: "a" });
      const found = await step;
      const out = page({ spentCents: found?.count });
      if (cx.degraded) cx.touched(out, "spent_cents", found !== undefined, step);
      return out;
    });
  const value = async () => (await get().answer).page?.spentCents;
  return { ...all, get, value };
}

describe("a second level", () => {
  test("a second level serves one process the answer that another fetched, with its age", async () => {
    const shared = new Shared();
    const nodeA = process_(shared);
    const first = await nodeA.value();
    await nodeA.clock.advance(900);
    const nodeB = process_(shared, {}, nodeA.clock);
    expect(await nodeB.value()).toBe(first);
    expect(nodeB.client.sent).toEqual([]);
    await nodeB.clock.advance(99);
    expect(await nodeB.value()).toBe(first);
    expect([...shared.kept.values()]).toMatchObject([{ lifeMs: 10_000 }]);
    expect(nodeB.clock.running).toBe(0);
  });
  test("a second level may serve a stale answer while one process renews it for all", async () => {
    const shared = new Shared();
    const nodeA = process_(shared);
    const first = await nodeA.value();
    await nodeA.clock.advance(2_000);
    const nodeB = process_(shared, {}, nodeA.clock);
    nodeB.client.answer = undefined;
    const [a, b] = [nodeB.value(), nodeB.value()];
    expect(await a).toBe(first);
    expect(await b).toBe(first);
    await idle();
    expect(nodeB.client.sent.length).toBe(1);
    nodeB.client.of("a").thing({ count: 77n });
    expect(await nodeB.value()).toBe(77n);
    const nodeC = process_(shared, {}, nodeB.clock);
    expect(await nodeC.value()).toBe(77n);
  });
  test("a second level is queried before a refresh, because another process may have renewed the answer", async () => {
    const shared = new Shared();
    const nodeA = process_(shared);
    await nodeA.value();
    await nodeA.clock.advance(2_000);
    shared.kept.set([...shared.kept.keys()][0]!, { bytes: thing(55n), lifeMs: 10_000, at: nodeA.clock.now() });
    await nodeA.value();
    await idle();
    expect(await nodeA.value()).toBe(55n);
    expect(nodeA.client.sent.length).toBe(1);
  });
  test("an expired answer in the second level is a miss", async () => {
    const shared = new Shared();
    const nodeA = process_(shared, { call: { cache: { ttlMs: 1_000 } } });
    const first = await nodeA.value();
    shared.kept.forEach((kept) => {
      kept.lifeMs = 1e9;
    });
    await nodeA.clock.advance(1_000);
    expect(await nodeA.value()).not.toBe(first);
  });
  test.each(["fails", "hangs"] as const)(
    "a second level that %s is a miss, delayed at most by its timeout",
    async (mode) => {
      const shared = new Shared();
      shared.mode = mode;
      const nodeA = process_(shared);
      const { answer } = nodeA.get();
      await nodeA.clock.advance(mode === "hangs" ? 49 : 0);
      expect(nodeA.client.sent.length).toBe(mode === "hangs" ? 0 : 1);
      await nodeA.clock.advance(mode === "hangs" ? 1 : 0);
      expect((await answer).page?.spentCents).toBe(count);
      expect(nodeA.clock.running).toBe(0);
    },
  );
  test("a second level that does not answer is skipped, and is used again later", async () => {
    const shared = new Shared();
    shared.mode = "hangs";
    const nodeA = process_(shared, { call: { cache: { ttlMs: 1 } } });
    for (let i = 0; i < 5; i++) {
      const { answer } = nodeA.get();
      await nodeA.clock.advance(60);
      await answer;
    }
    expect(shared.lookupCount).toBe(5);
    await nodeA.value(); // at once
    expect(shared.lookupCount).toBe(5);
    shared.mode = "ok";
    await nodeA.clock.advance(1_000);
    await nodeA.value();
    await nodeA.clock.advance(10);
    await nodeA.value();
    expect(shared.lookupCount).toBe(7);
  });
  test.each(["full", "throws"] as const)("a second level that is %s does not prevent an answer", async (mode) => {
    const shared = new Shared();
    shared.mode = mode;
    const nodeA = process_(shared);
    const first = await nodeA.value();
    expect(await nodeA.value()).toBe(first);
    expect(shared.kept.size).toBe(0);
  });
  test("a second level with malformed bytes is a miss", async () => {
    const shared = new Shared();
    const nodeA = process_(shared);
    await nodeA.value();
    for (const kept of shared.kept.values()) kept.bytes = new Uint8Array([255, 1, 2]);
    const nodeB = process_(shared, {}, nodeA.clock);
    expect(await nodeB.value()).toBe(count);
    expect(nodeB.client.sent.length).toBe(1);
  });
  test("a second level is not awaited for a cancelled caller, and nothing is sent upstream", async () => {
    const shared = new Shared();
    shared.mode = "hangs";
    const nodeA = process_(shared);
    nodeA.get().cancel();
    await nodeA.clock.advance(50);
    expect(nodeA.client.sent).toEqual([]);
    expect(nodeA.clock.running).toBe(0);
    const hurried = nodeA.get();
    await nodeA.clock.advance(50);
    expect(nodeA.client.sent.length).toBe(1);
    await hurried.answer;
  });
  test("a second level stores no failure", async () => {
    const shared = new Shared();
    const nodeA = process_(shared);
    nodeA.client.answer = byId({ a: "INTERNAL" });
    await nodeA.value();
    nodeA.client.answer = (sent) => sent.fault(Code.UNAVAILABLE);
    await nodeA.value();
    expect(shared.kept.size).toBe(0);
  });
});

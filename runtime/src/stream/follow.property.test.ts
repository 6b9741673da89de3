// Streams under random sources, followers and upstreams, held against what every stream has to keep.
// Holds docs/runtime.md#streams
import fc from "fast-check";
import { expect, test } from "vitest";
import { Code } from "../failure.ts";
import { denied } from "../identity/refusals.ts";
import { idle } from "../testing/fake-clock.ts";
import { streamRig } from "../testing/follow-rig.ts";
import { page } from "../testing/front.ts";
import { noUnhandledRejections } from "../testing/no-unhandled.ts";

noUnhandledRejections();

const ACTS = fc.oneof(
  { weight: 12, arbitrary: fc.record({ act: fc.constant("give" as const), reset: fc.boolean() }) },
  { weight: 10, arbitrary: fc.record({ act: fc.constant("answer" as const), which: fc.nat(7) }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constant("stall" as const) }) },
  { weight: 6, arbitrary: fc.record({ act: fc.constant("read" as const) }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 1_500 }) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant("fault" as const), which: fc.nat(7) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constantFrom("end", "break", "cancel", "drain") }) },
);
const SHAPE = fc.record({
  overflow: fc.constantFrom("wait", "latest", "fail"),
  ahead: fc.integer({ min: 1, max: 4 }),
  minIntervalMs: fc.constantFrom(0, 0, 300),
  maxAgeMs: fc.constantFrom(undefined, 20_000),
  idleMs: fc.constantFrom(undefined, 5_000),
  heartbeatMs: fc.constantFrom(undefined, 700),
  every: fc.integer({ min: 1, max: 3 }),
  last: fc.constantFrom(undefined, 9),
  waits: fc.boolean(),
});

test("a stream keeps its order, its credit and its end for every sequence of events", { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(SHAPE, fc.array(ACTS, { minLength: 5, maxLength: 40 }), async (shape, acts) => {
      const { follow, source, clock, client } = streamRig();
      const { overflow, ahead, every, last, waits, ...times } = shape;
      const latest = overflow === "latest";
      const decided = <T>(value: T): T | Promise<T> => (waits ? Promise.resolve(value) : value);
      const { follower, following, events } = follow({
        overflow,
        ahead,
        ...times,
        if: (_cx, _args, item) => decided(item % every === 0),
        until: (_cx, _args, item) => decided(item === last),
        compose: async (cx, _args, item) => page({ title: (await cx.call(cx.app.get, { id: `${item}` })).id }),
      });
      await idle();
      let itemCount = 0;
      let ready = true;
      const resets = new Set<number>();
      const live = () => client.sent.filter(({ ended }) => !ended);
      const delivered = () => events.flatMap((what) => /^item (\d+)/.exec(what)?.[1] ?? []).map(Number);
      let [over, gone, exhausted] = [false, false, false];
      for (const step of acts) {
        if (over || gone) break;
        const before = { demand: source().demand, events: events.length };
        const stalled = !ready;
        if (step.act === "give" && source().credit > 0 && !source().cancelled && !exhausted) {
          if (step.reset) resets.add(itemCount + 1);
          source().give(++itemCount, { reset: step.reset });
        } else if (step.act === "answer") live()[step.which % live().length]?.thing();
        else if (step.act === "fault") live()[step.which % live().length]?.fault(Code.NOT_FOUND);
        else if (step.act === "stall") follower.reads = false;
        else if (step.act === "read") {
          follower.reads = true;
          ready = true;
          following.ready();
        } else if (step.act === "pass") await clock.advance(step.ms);
        else if ((step.act === "end" || step.act === "break") && !source().cancelled && !exhausted) {
          exhausted = true;
          if (step.act === "end") source().items.ended();
          else source().items.failed(denied("broken"));
        } else if (step.act === "drain") following.drain();
        else if (step.act === "cancel") {
          following.cancel();
          gone = true;
        }
        await idle();
        const news = events.slice(before.events);
        if (news.some((what) => what.startsWith("item")) && !follower.reads) ready = false;
        over = follower.over;
        // Credit: one item is asked for at a time; nothing while there is no room, or nobody reads.
        expect(source().credit).toBeLessThanOrEqual(1);
        expect(live().length).toBeLessThanOrEqual(latest ? 1 : ahead);
        if (stalled && !ready && !over) {
          expect(news).toEqual([]);
          if (!latest && step.act !== "give") expect(source().demand).toBe(before.demand);
        }
        // Order: what is wanted, each once; under WAIT and FAIL without a gap.
        const expected = Array.from({ length: itemCount }, (_, i) => i + 1).filter((item) => item % every === 0);
        if (latest) {
          const all = delivered();
          expect(all).toEqual(expected.filter((item) => all.includes(item)));
        } else expect(delivered()).toEqual(expected.slice(0, delivered().length));
        // A reset, and what was left out, is told with the next item.
        let behind = 0;
        for (const [item, hasReset] of delivered().map(
          (item, i) => [item, items(events)[i]?.includes("reset")] as const,
        )) {
          const between = Array.from({ length: item - behind }, (_, i) => behind + 1 + i);
          const lost = between.some((earlier) => earlier !== item && earlier % every === 0);
          expect([item, hasReset]).toEqual([item, lost || between.some((earlier) => resets.has(earlier))]);
          behind = item;
        }
        if (events.at(-1) === "ended") {
          if (!latest) expect(delivered()).toEqual(expected);
          else expect(delivered().at(-1)).toBe(expected.at(-1));
        }
      }
      if (!over && !gone) following.cancel();
      await idle();
      expect(live()).toEqual([]);
      expect(clock.running).toBe(0);
      const after = events.length;
      following.ready();
      following.drain();
      following.cancel();
      await clock.advance(60_000);
      expect(events).toHaveLength(after);
    }),
    { numRuns: 300 },
  );
});

const items = (events: readonly string[]): readonly string[] => events.filter((what) => what.startsWith("item"));

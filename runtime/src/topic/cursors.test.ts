// Any order in which items are published, forgotten and told of, and in which followers come, stall, leave and come back: each sees every
// item once and in order, or is told that what follows replaces what it has.
// Holds docs/runtime.md#topics
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Clock, systemClock } from "../clock.ts";
import type { At, ItemSource, Items } from "../source/source.ts";
import { MemoryLog } from "./memory-log.ts";
import { TopicChannels } from "./topic-channels.ts";

interface Event {
  readonly n: number;
}
type Step =
  | { readonly do: "publish" | "forget" | "recreate" | "wait"; readonly key: number }
  | { readonly do: "follow"; readonly key: number; readonly latest: boolean }
  | { readonly do: "ask" | "leave" | "resume" | "deliver"; readonly who: number };

/** Time goes on where a test says so, by one timer. */
class Timers implements Clock {
  readonly running = new Set<() => void>();
  readonly now = (): number => 0;
  readonly date = systemClock.date;
  readonly random = systemClock.random;
  setTimeout<T>(run: (argument: T) => void, _ms: number, argument: T): object {
    const timer = (): void => {
      this.running.delete(timer);
      run(argument);
    };
    this.running.add(timer);
    return timer;
  }
  clearTimeout(timer: object): void {
    this.running.delete(timer as () => void);
  }
  fire(): void {
    for (const timer of [...this.running]) timer();
  }
}
/** What was published under a key since the log was made, whether or not it is kept. */
class World {
  readonly clock = new Timers();
  readonly queues = new Map<object, (() => void)[]>();
  readonly log: MemoryLog<Event>;
  readonly following: TopicChannels<Event>;
  readonly published = new Map<string, number[]>();
  readonly forgotten = new Set<string>();
  readonly followers: Follower[] = [];
  n = 0;
  constructor(keep: number) {
    this.log = new MemoryLog<Event>((stream, run) => {
      const queue = this.queues.get(stream) ?? [];
      queue.push(run);
      this.queues.set(stream, queue);
    });
    this.following = new TopicChannels<Event>({ name: "t", keep }, this.log, this.clock);
  }
  of(key: string): number[] {
    const all = this.published.get(key) ?? [];
    this.published.set(key, all);
    return all;
  }
  deliver(which: number): boolean {
    const all = [...this.queues].filter(([, queue]) => queue.length > 0);
    const queue = all[which % Math.max(1, all.length)]?.[1];
    queue?.shift()?.();
    return queue !== undefined;
  }
}
class Follower implements Items<Event> {
  readonly key: string;
  readonly latest: boolean;
  readonly source: ItemSource;
  readonly #world: World;
  readonly #resumed: boolean;
  before: number | undefined;
  token: string | undefined;
  left = false;
  constructor(world: World, key: string, latest: boolean, of?: Follower) {
    this.key = key;
    this.latest = latest;
    this.#world = world;
    this.before = of?.token === undefined ? undefined : of.before;
    this.token = of?.token;
    this.#resumed = this.token !== undefined;
    this.source = world.following.follow(key, this.token, latest, this);
  }
  item({ n }: Event, { token, reset }: At): void {
    const { key, latest, before } = this;
    const all = this.#world.of(key);
    const at = all.indexOf(n);
    expect({ n, key, at: at >= 0, left: this.left }).toEqual({ n, key, at: true, left: false });
    if (!reset && before !== undefined) {
      const was = all.indexOf(before);
      // Of the log that there is now, or it would have had to be told.
      expect({ before, n, was: was >= 0, next: latest ? at > was : at === was + 1 }).toEqual({
        before,
        n,
        was: true,
        next: true,
      });
    } else if (!reset && !latest && !this.#resumed && !this.#world.forgotten.has(key)) expect([n, at]).toEqual([n, 0]);
    this.before = n;
    this.token = token;
  }
  ended(): void {
    throw new Error("ended");
  }
  failed(): void {
    throw new Error("failed");
  }
}

const KEYS = ["a", "b"];
const DEEDS: Readonly<Record<Exclude<Step["do"], "ask" | "leave" | "resume">, (world: World, step: Step) => void>> = {
  publish(world, step) {
    const key = keyOf(step);
    world.of(key).push(++world.n);
    world.log.publish(key, { n: world.n });
  },
  forget(world, step) {
    world.forgotten.add(keyOf(step));
    world.log.forget(keyOf(step), 2);
  },
  recreate(world) {
    world.published.clear();
    world.log.recreate();
  },
  wait: (world) => world.clock.fire(),
  follow(world, step) {
    world.followers.push(new Follower(world, keyOf(step), "latest" in step && step.latest));
  },
  deliver: (world, step) => void world.deliver("who" in step ? step.who : 0),
};
const keyOf = (step: Step): string => ("key" in step && KEYS[step.key]) || "";
function take(world: World, step: Step): void {
  if (step.do !== "ask" && step.do !== "leave" && step.do !== "resume") {
    DEEDS[step.do](world, step);
    return;
  }
  const follower = world.followers[step.who % Math.max(1, world.followers.length)];
  if (follower === undefined || (follower.left && step.do !== "resume")) return;
  if (step.do === "ask") {
    follower.source.next();
    return;
  }
  follower.left = true;
  follower.source.cancel();
  if (step.do === "resume") world.followers.push(new Follower(world, follower.key, follower.latest, follower));
}
const key = fc.nat(1);
const who = fc.nat(7);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("publish" as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("forget" as const, "wait" as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("recreate" as const), key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("follow" as const), key, latest: fc.boolean() }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant("ask" as const), who }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("leave" as const, "resume" as const), who }) },
  { weight: 20, arbitrary: fc.record({ do: fc.constant("deliver" as const), who }) },
);
const settle = async (world: World): Promise<void> => {
  for (let quiet = 0; quiet < 3; ) {
    await Promise.resolve();
    if (world.deliver(0)) quiet = 0;
    else {
      quiet++;
      world.clock.fire();
    }
  }
};

test("each follower receives each item once and in order, or a reset; all receive the newest, without leftovers", async () => {
  const steps = fc.array(step, { minLength: 30, maxLength: 200, size: "max" });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), steps, async (keep, all) => {
      const world = new World(keep);
      for (const step of all) {
        take(world, step);
        if (step.do !== "deliver") await Promise.resolve();
      }
      const here = world.followers.filter(({ left }) => !left);
      for (const follower of here) for (let i = 0; i < 200; i++) follower.source.next();
      await settle(world);
      for (const follower of here) {
        const newest = world.of(follower.key).at(-1);
        if (newest !== undefined)
          expect([follower.key, follower.latest, follower.before]).toEqual([follower.key, follower.latest, newest]);
        follower.left = true;
        follower.source.cancel();
      }
      expect([world.log.tails, world.log.reads, world.clock.running.size]).toEqual([0, 0, 0]);
      expect(world.following.state).toMatchObject({ followers: 0, keys: 0, ringBytes: 0 });
    }),
    { numRuns: 1_000 },
  );
});

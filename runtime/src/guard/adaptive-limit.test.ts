import fc from "fast-check";
import { expect, test } from "vitest";
import { FakeClock, idle } from "../testing/fake-clock.ts";
import { AdaptiveLimit } from "./adaptive-limit.ts";

class Waiter {
  state: "new" | "inside" | "waiting" | "full" | "shed" | "left" = "new";
  critical: boolean;
  readonly #limit: AdaptiveLimit;
  constructor(limit: AdaptiveLimit, critical: boolean) {
    this.#limit = limit;
    this.critical = critical;
    const entry = limit.enter(this);
    this.state = entry === "go" ? "inside" : entry === "wait" ? "waiting" : "full";
  }
  admitted(): void {
    expect(this.state).toBe("waiting");
    this.state = "inside";
  }
  shed(): void {
    if (this.state === "left") return;
    expect(this.state).toBe("waiting");
    this.state = "shed";
  }
  leave(): void {
    this.state = "left";
    this.#limit.leave(this);
  }
  done(): void {
    this.state = "left";
    this.#limit.release();
  }
}
/** A limit of 3, all taken. */
function taken(clock = new FakeClock(), queued = 10) {
  const limit = new AdaptiveLimit({ concurrent: 3, queued }, clock);
  const inside = [1, 2, 3].map(() => new Waiter(limit, true));
  const add = (critical: boolean): Waiter => new Waiter(limit, critical);
  return { limit, clock, inside, add };
}

test("critical calls leave the queue first, then those that have waited longest", () => {
  const { inside, add } = taken();
  const [a, b, c] = [add(false), add(true), add(false)];
  inside[0]?.done();
  expect([a, b, c].map(({ state }) => state)).toEqual(["waiting", "inside", "waiting"]);
  inside[1]?.done();
  expect([a, b, c].map(({ state }) => state)).toEqual(["inside", "inside", "waiting"]);
});

test("a call that becomes critical overtakes the others", () => {
  const { limit, inside, add } = taken();
  const [a, b] = [add(false), add(false)];
  b.critical = true;
  limit.urge(b);
  inside[0]?.done();
  expect([a.state, b.state]).toEqual(["waiting", "inside"]);
});

test("a critical call in a full queue replaces the supplementary call that has waited longest", async () => {
  const { limit, add } = taken(undefined, 2);
  const [a, b] = [add(false), add(false)];
  expect(add(false).state).toBe("full");
  const critical = add(true);
  await idle();
  expect([a.state, b.state, critical.state]).toEqual(["shed", "waiting", "waiting"]);
  expect(add(true).state).toBe("waiting");
  expect(add(true).state).toBe("full");
  expect(limit.state).toEqual({ taken: 3, most: 3, waiting: 2 });
});

test("a call that leaves before the notice of its replacement is not notified", async () => {
  const { add } = taken(undefined, 1);
  const first = add(false);
  add(true);
  first.leave();
  await idle();
  expect(first.state).toBe("left");
});

test("a burst waits; after 100 ms of queueing, supplementary calls are refused and critical ones wait briefly", () => {
  const { clock, inside, add } = taken();
  const early = [add(false), add(true)];
  clock.skip(50);
  expect(add(false).state).toBe("waiting");
  clock.skip(51);
  expect(add(false).state).toBe("full");
  const late = add(true);
  expect(late.state).toBe("waiting");
  inside[0]?.done();
  expect([...early, late].map(({ state }) => state)).toEqual(["shed", "shed", "inside"]);
});

test("a queue that was empty in between counts as new", () => {
  const { clock, inside, add } = taken();
  const first = add(true);
  clock.skip(99);
  inside[0]?.done();
  expect(first.state).toBe("inside");
  const second = add(false);
  clock.skip(99);
  inside[1]?.done();
  expect(second.state).toBe("inside");
});

test("no sequence of events loses a place or a waiting call", async () => {
  const step = fc.record({
    kind: fc.constantFrom(
      "enter",
      "enter",
      "enter",
      "done",
      "done",
      "leave",
      "urge",
      "turn",
      "time",
      "answer",
      "refuse",
    ),
    many: fc.integer({ min: 1, max: 40 }),
    critical: fc.boolean(),
    which: fc.nat(100),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 0, max: 50 }),
      fc.array(step, { maxLength: 60 }),
      async (concurrent, queued, steps) => {
        const clock = new FakeClock();
        const limit = new AdaptiveLimit({ concurrent, queued }, clock);
        const all: Waiter[] = [];
        const of = (state: Waiter["state"]): Waiter[] => all.filter((waiter) => waiter.state === state);
        for (const { kind, many, critical, which } of steps)
          for (let i = 0; i < many; i++) {
            const inside = of("inside");
            const waiting = of("waiting");
            if (kind === "enter") all.push(new Waiter(limit, critical));
            else if (kind === "done") inside[which % inside.length]?.done();
            else if (kind === "leave") waiting[which % waiting.length]?.leave();
            else if (kind === "time") clock.skip(many);
            else if (kind === "turn") await idle();
            else if (kind === "answer") limit.answered(limit.paceOf("m"), clock.now() - which, clock.now(), 5);
            else if (kind === "refuse") limit.refused(clock.now(), 5);
            else {
              const waiter = waiting[which % waiting.length];
              if (waiter !== undefined) {
                waiter.critical = true;
                limit.urge(waiter);
              }
            }
            if (kind === "turn") break;
            expect(limit.state.taken).toBe(of("inside").length);
            expect(limit.state.waiting).toBeLessThanOrEqual(queued);
            expect(limit.state.most).toBeLessThanOrEqual(concurrent);
          }
        do {
          of("inside")[0]?.done();
          await idle(); // some are told in one of the next turns
        } while (of("inside").length > 0);
        expect(of("waiting")).toEqual([]);
        expect(limit.state).toMatchObject({ taken: 0, waiting: 0 });
      },
    ),
    { numRuns: 60 },
  );
});

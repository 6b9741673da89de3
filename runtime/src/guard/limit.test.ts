// Holds docs/runtime.md#limits
import fc from "fast-check";
import { expect, test } from "vitest";
import { Code, Reason } from "../failure.ts";
import { singleCall } from "../testing/front.ts";
import { Limit } from "./limit.ts";

test("the limit is never exceeded, calls enter in order, and no place is lost", () => {
  const step = fc.record({ kind: fc.constantFrom("enter", "enter", "release", "leave"), which: fc.nat(50) });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 4 }),
      fc.array(step, { maxLength: 80 }),
      (concurrent, queued, steps) => {
        const limit = new Limit({ concurrent, queued });
        const inside: number[] = [];
        const waiting: { id: number; admitted(): void }[] = [];
        let next = 0;
        for (const { kind, which } of steps) {
          if (kind === "enter") {
            const id = next++;
            const waiter = {
              id,
              admitted: () => {
                expect(waiting.shift()?.id).toBe(id);
                inside.push(id);
              },
            };
            const entry = limit.enter(waiter);
            expect(entry).toBe(inside.length < concurrent ? "go" : waiting.length < queued ? "wait" : "full");
            if (entry === "go") inside.push(id);
            if (entry === "wait") waiting.push(waiter);
          } else if (kind === "release" && inside.length > 0) {
            inside.splice(which % inside.length, 1);
            limit.release();
          } else if (kind === "leave" && waiting.length > 0) {
            const [left] = waiting.splice(which % waiting.length, 1);
            limit.leave(left!);
          }
          expect(inside.length).toBeLessThanOrEqual(concurrent);
          expect(waiting.length === 0 || inside.length === concurrent).toBe(true);
        }
      },
    ),
  );
});

test("calls that return their place at once, in a long queue, lose no place and keep their order", async () => {
  const step = fc.record({
    kind: fc.constantFrom("enter", "enter", "enter", "release", "leave", "turn"),
    many: fc.integer({ min: 1, max: 60 }),
    which: fc.nat(100),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 200 }),
      fc.boolean(),
      fc.array(step, { maxLength: 40 }),
      async (concurrent, queued, opens, steps) => {
        const limit = new Limit({ concurrent, queued });
        const waiting: { id: number; admitted(): void }[] = [];
        let inside = 0;
        let next = 0;
        let stays = true; // whoever gets a place from now on
        const enter = (): void => {
          const id = next++;
          const waiter = {
            id,
            admitted: () => {
              expect(waiting.shift()?.id).toBe(id);
              expect(++inside).toBeLessThanOrEqual(concurrent);
              if (stays) return;
              inside--;
              limit.release();
            },
          };
          const entry = limit.enter(waiter);
          if (waiting.length > 0) expect(entry).toBe(waiting.length < queued ? "wait" : "full");
          else expect(entry).toBe(inside < concurrent ? "go" : queued > 0 ? "wait" : "full");
          if (entry === "go") inside++;
          if (entry === "wait") waiting.push(waiter);
        };
        for (const { kind, many, which } of steps) {
          if (kind === "enter") for (let i = 0; i < many; i++) enter();
          else if (kind === "release" && inside > 0) {
            stays = !opens;
            inside--;
            limit.release();
          } else if (kind === "leave" && waiting.length > 0) {
            const [left] = waiting.splice(which % waiting.length, 1);
            limit.leave(left!);
          } else if (kind === "turn") {
            stays = true;
            await turn();
          }
          expect(inside).toBeLessThanOrEqual(concurrent);
        }
        for (let i = 0; i < 20; i++) await turn();
        expect(waiting.length === 0 || inside === concurrent).toBe(true);
      },
    ),
  );
});

test("a long queue of calls that return their places at once advances in small turns, without stack growth", async () => {
  const limit = new Limit({ concurrent: 1, queued: 100_000 });
  let admitted = 0;
  limit.enter({ admitted: () => {} });
  const waiter = () => ({
    admitted: () => {
      admitted++;
      limit.release();
    },
  });
  for (let i = 0; i < 100_000; i++) expect(limit.enter(waiter())).toBe("wait");
  limit.release();
  let most = admitted;
  for (let turns = 0; turns < 10_000; turns++) {
    const before = admitted;
    await turn();
    most = Math.max(most, admitted - before);
  }
  expect(most).toBeLessThanOrEqual(32);
  expect(admitted).toBe(100_000);
  expect(limit.enter(waiter())).toBe("go");
});

test("between two turns a new call waits behind the queue, a call that leaves is skipped, and a returned place counts", async () => {
  const limit = new Limit({ concurrent: 2, queued: 1_000 });
  const order: string[] = [];
  limit.enter({ admitted: () => {} });
  limit.enter({ admitted: () => {} });
  const passing = (name: string) => ({
    admitted: () => {
      order.push(name);
      limit.release();
    },
  });
  const staying = (name: string) => ({ admitted: () => void order.push(name) });
  const impatient = passing("impatient");
  for (let i = 0; i < 100; i++) limit.enter(passing("passing"));
  limit.enter(impatient);
  limit.enter(staying("first"));
  limit.release();
  const done = order.length;
  expect(done).toBeGreaterThan(0);
  expect(done).toBeLessThan(100);
  expect(limit.enter(staying("second"))).toBe("wait");
  expect(limit.enter(staying("third"))).toBe("wait");
  limit.leave(impatient);
  limit.release();
  expect(order.length).toBe(done); // in its turn
  for (let i = 0; i < 20; i++) await turn();
  expect(order.slice(100)).toEqual(["first", "second"]);
  limit.release();
  expect(order.slice(100)).toEqual(["first", "second", "third"]);
});

test("answers leave while a long queue before an open breaker still drains", async () => {
  const breaker = { errorRate: 0.5, windowMs: 1_000, minimum: 1, openMs: 1_000, probes: 1 };
  const { get, client } = singleCall({ policy: { breaker, limit: { concurrent: 1, queued: 1_000 } } });
  const reasons: unknown[] = [];
  for (let i = 0; i < 500; i++) {
    void get(`${i}`).answer.then(({ failure }) => reasons.push(failure?.reason));
  }
  await turn();
  client.of("0").fault(Code.UNAVAILABLE);
  await turn();
  expect(reasons.length).toBeGreaterThan(1);
  expect(reasons.length).toBeLessThan(100);
  for (let i = 0; i < 100; i++) await turn();
  expect(reasons).toEqual([Reason.UNAVAILABLE, ...Array.from({ length: 499 }, () => Reason.BREAKER_OPEN)]);
  expect(client.sent.length).toBe(1);
});

/** A turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

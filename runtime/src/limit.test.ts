import fc from "fast-check";
import { expect, test } from "vitest";
import { Limit } from "./limit.ts";

test("never more than allowed, first come first served, and no place is lost", () => {
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

test("a long queue of waiters that give their place back at once does not grow the stack", () => {
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
  expect(admitted).toBe(100_000);
  expect(limit.enter(waiter())).toBe("go");
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { FairOrder } from "./fair-order.ts";
import { Heap } from "./heap.ts";

test("a key is forgotten once it would start anew, and every key once the queue is empty", () => {
  const order = new FairOrder<object>();
  const waiters = ["a", "b", "b", "b"].map((key) => {
    const waiter = { key };
    order.add(waiter, { key, weight: 1 });
    return waiter;
  });
  order.take(); // a, which finishes at 1
  expect([order.keys, order.count("a")]).toEqual([2, 0]);
  order.take(); // b at 0
  expect(order.keys).toBe(2);
  order.take(); // b at 1
  expect(order.keys).toBe(1);
  expect(order.first).toBe(waiters[3]);
  order.delete(waiters[3]!);
  expect([order.keys, order.size]).toEqual([0, 0]);
});
test("at most a thousand keys without waiters are remembered", () => {
  const order = new FairOrder<object>();
  order.add({}, { key: "waits", weight: 1 });
  order.take();
  for (const key of ["waits", "waits"]) order.add({}, { key, weight: 0.01 });
  for (let i = 0; i < 5_000; i++) {
    order.add({}, { key: `key ${i}`, weight: 0.01 });
    order.take();
  }
  expect(order.keys).toBe(1_002); // two wait
});
test("a heap compares a logarithmic number of items", () => {
  let compared = 0;
  const heap = new Heap<"at", { at: number; value: number }>("at", (a, b) => {
    compared++;
    return a.value < b.value;
  });
  const items = Array.from({ length: 1 << 14 }, (_, i) => ({ at: 0, value: (i * 7_919) % (1 << 14) }));
  for (const item of items) heap.add(item);
  for (const change of [(item: (typeof items)[0]) => heap.delete(item), (item: (typeof items)[0]) => heap.add(item)]) {
    compared = 0;
    for (const item of items.slice(0, 100)) change(item);
    expect(compared / 100).toBeLessThan(2 * 15);
  }
});
test("a heap returns its items in order, after any changes", () => {
  const change = fc.record({ which: fc.nat(40), value: fc.nat(20), kind: fc.constantFrom("delete", "move") });
  fc.assert(
    fc.property(fc.array(fc.nat(20)), fc.array(change), (values, changes) => {
      const heap = new Heap<"at", { at: number; value: number }>("at", (a, b) => a.value < b.value);
      const all = values.map((value) => ({ at: 0, value }));
      for (const item of all) heap.add(item);
      for (const { which, value, kind } of changes) {
        const item = all[which % Math.max(1, all.length)];
        if (item === undefined) continue;
        if (kind === "delete") {
          heap.delete(item);
          all.splice(all.indexOf(item), 1);
        } else {
          item.value = value;
          heap.moved(item);
        }
      }
      const found: number[] = [];
      for (let item = heap.first; item !== undefined; item = heap.first) {
        found.push(item.value);
        heap.delete(item);
      }
      expect(found).toEqual(all.map(({ value }) => value).sort((a, b) => a - b));
    }),
  );
});

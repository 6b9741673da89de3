// Holds docs/runtime.md#caching
import * as v8 from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Cells } from "./limits/cells.ts";
import { Lru } from "./lru.ts";

const OVERHEAD = 256;
const MAX = 4 * OVERHEAD;
const weigh = ({ bytes }: { bytes: Uint8Array }): number => bytes.length + OVERHEAD;

test("it contains the same values as an ordered list, and never more than its maximum of bytes", () => {
  const step = fc.record({ put: fc.boolean(), key: fc.constantFrom("a", "b", "c", "d", "e"), bytes: fc.nat(MAX) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const lru = new Lru({ maxBytes: MAX, weigh });
      let model: { key: string; cost: number }[] = []; // the oldest first
      for (const { put, key, bytes } of steps) {
        const known = model.find((each) => each.key === key);
        if (put) {
          lru.set(key, { bytes: new Uint8Array(bytes) });
          model = model.filter((each) => each !== known);
          const cost = bytes + OVERHEAD;
          if (cost <= MAX) model.push({ key, cost });
          while (model.reduce((sum, { cost }) => sum + cost, 0) > MAX) model.shift();
        } else {
          expect(lru.get(key)?.bytes.length).toBe(known && known.cost - OVERHEAD);
          if (known !== undefined) model = [...model.filter((each) => each !== known), known];
        }
        expect(lru.size).toBe(model.length);
        expect(lru.bytes).toBe(model.reduce((sum, { cost }) => sum + cost, 0));
        expect(lru.bytes).toBeLessThanOrEqual(MAX);
      }
    }),
  );
});

v8.setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const cells = new Cells<{ until: number }>(2);
for (const key of ["a", "b", "c"]) cells.set(key, { until: 1 }, 0);
const lru = new Lru({ most: 10 });
for (const key of ["a", "b"]) lru.set(key, key);

test.each([
  { what: "values that are read", use: () => void [lru.get("a"), lru.get("b")] },
  {
    what: "keys that come and go below the bound",
    use: () => {
      cells.delete("a");
      cells.set("a", { until: 1 }, 0);
    },
  },
])("$what take no more memory with each use", ({ use }) => {
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 500_000; i++) use();
  collect();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(10 << 20);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { BOX, placed } from "../../explorer/layout.ts";

test("a dependent step is right of its inputs, and no two steps overlap, in every graph", () => {
  const graph = fc.integer({ min: 1, max: 80 }).chain((count) =>
    fc.record({
      count: fc.constant(count),
      // To a later one: no plan has a circle.
      edges: fc.array(
        fc.tuple(fc.nat(count - 1), fc.nat(count - 1)).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) })),
        { maxLength: 200 },
      ),
    }),
  );
  fc.assert(
    fc.property(graph, ({ count, edges }) => {
      const joined = edges.filter(({ from, to }) => from !== to);
      const { at, width, height } = placed(count, joined);
      for (const { from, to } of joined) expect(at[to]!.x).toBeGreaterThanOrEqual(at[from]!.x + BOX.width);
      for (const [i, { x, y }] of at.entries()) {
        expect(x + BOX.width <= width && y + BOX.height <= height && x >= 0 && y >= 0).toBe(true);
        for (const other of at.slice(i + 1))
          expect(Math.abs(other.x - x) >= BOX.width || Math.abs(other.y - y) >= BOX.height).toBe(true);
      }
    }),
    { numRuns: 100 },
  );
});

test("a cycle, which no plan has, still gets a layout", () => {
  const edges = [
    { from: 0, to: 1 },
    { from: 1, to: 0 },
    { from: 1, to: 2 },
    { from: 9, to: 2 }, // nor a step that there is not
  ];
  expect(placed(3, edges).at).toHaveLength(3);
});

/** How often a layout looks at the ends of edges. */
function looks(count: number): number {
  let seen = 0;
  const edges = Array.from({ length: count * 2 }, (_, i) => {
    const to = 1 + (i % (count - 1));
    const from = Math.floor(to / (i < count ? 3 : 7));
    return {
      get from() {
        seen++;
        return from;
      },
      get to() {
        seen++;
        return to;
      },
    };
  });
  placed(count, edges);
  return seen;
}

test("the layout of 1,000 steps costs ten times that of 100", () => {
  expect(looks(100)).toBe(400);
  expect(looks(1_000)).toBe(4_000);
});

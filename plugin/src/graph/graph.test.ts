import fc from "fast-check";
import { expect, test } from "vitest";
import { sortByDependency } from "./graph.ts";

const sort = (edges: Record<string, string[]>) => sortByDependency(Object.keys(edges), (node) => edges[node] ?? []);

test("dependencies come first, and ties keep the input order", () => {
  expect(sort({ a: ["c"], b: [], c: [] }).order).toEqual(["c", "a", "b"]);
});

test("every cycle is a path along edges", () => {
  expect(sort({ a: ["b"], b: ["c"], c: ["a"], d: ["d"], e: ["a"] }).cycles).toEqual([["a", "b", "c"], ["d"]]);
});

test("an edge leads only to an earlier node, unless both are in one cycle", () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.nat(11), { maxLength: 4 }), { minLength: 12, maxLength: 12 }), (edges) => {
      const nodes = edges.map((_, i) => i);
      const { order, cycles } = sortByDependency(nodes, (node) => edges[node] ?? []);
      expect([...order].sort((x, y) => x - y)).toEqual(nodes);
      const place = new Map(order.map((node, i) => [node, i]));
      const reaches = (from: number, to: number, visited = new Set<number>()): boolean =>
        (edges[from] ?? []).some((n) => n === to || (!visited.has(n) && reaches(n, to, visited.add(n))));
      for (const node of nodes)
        for (const to of edges[node] ?? [])
          if (!(reaches(to, node) || to === node)) expect(place.get(to)!).toBeLessThan(place.get(node)!);
      expect(cycles.length > 0).toBe(nodes.some((node) => reaches(node, node)));
      for (const cycle of cycles)
        for (const [i, node] of cycle.entries()) expect(edges[node]).toContain(cycle[(i + 1) % cycle.length]);
    }),
  );
});

test("a layered diamond of 10,000 nodes needs no recursion", () => {
  const n = 10_000;
  const { order } = sortByDependency(
    Array.from({ length: n }, (_, i) => i),
    (i) => [i + 1, i + 2].filter((x) => x < n),
  );
  expect(order[0]).toBe(n - 1);
});

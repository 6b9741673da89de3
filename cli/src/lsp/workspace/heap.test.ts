import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const HEAP = fileURLToPath(new URL("heap.ts", import.meta.url));
const SCRIPT = `
const { boundHeap, youngBytes } = await import(process.argv[1]);
boundHeap();
const sizes = [youngBytes()];
const kept = [];
while (kept.length < 60_000) kept.push(new Array(100).fill(kept.length));
console.log(JSON.stringify([...sizes, youngBytes()]));
`;
const sizes = (...args: readonly string[]): readonly number[] =>
  JSON.parse(
    execFileSync(process.execPath, [...args, "--input-type=module", "-e", SCRIPT, HEAP], { encoding: "utf8" }),
  );

test("the young generation is 8 MB per half, and stays so while objects survive", () => {
  const [before = 0, after] = sizes();
  expect(before).toBeGreaterThanOrEqual(8 << 20);
  expect(before).toBeLessThan(12 << 20);
  expect(after).toBe(before);
});

test("a size that the user sets takes precedence", () => {
  const [before] = sizes("--max-semi-space-size=2");
  expect(before).toBeLessThan(3 << 20);
});

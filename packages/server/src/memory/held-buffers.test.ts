import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const MODULE = new URL("./held-buffers.ts", import.meta.url).href;
const run = promisify(execFile);

/** Prints how often a process marks its heap of 50 MB while it allocates 1 GB of buffers, which it does not keep. */
const ALLOCATES = `
import { constants, PerformanceObserver } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";
const { countHeldBuffers } = await import(${JSON.stringify(MODULE)});
countHeldBuffers({ v8: process.argv[1] });
const kept = Array.from({ length: 400_000 }, (_, i) => ({ i, of: [i] }));
let marked = 0;
const seen = (list) => {
  for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) marked++;
};
const observer = new PerformanceObserver(seen);
observer.observe({ type: "gc" });
for (let i = 0; i < 2_000; i++) {
  Buffer.alloc(1 << 19);
  await setImmediate();
}
seen({ getEntries: () => observer.takeRecords() });
console.log(JSON.stringify({ marked, kept: kept.length }));
`;
/** @param v8 the version that the process is told */
async function marked(v8: string): Promise<number> {
  const all = ["--input-type=module", "-e", ALLOCATES, v8];
  const { stdout, stderr } = await run(process.execPath, all, { env: { PATH: process.env.PATH }, timeout: 60_000 });
  expect(stderr).toBe(""); // V8 prints flags that it does not know
  return (JSON.parse(stdout) as { readonly marked: number }).marked;
}

it("buffers that are not kept cause less marking of the heap", { timeout: 120_000 }, async () => {
  const before = await marked("12.4.254.21");
  expect(before).toBeGreaterThan(4);
  expect(await marked(process.versions.v8)).toBeLessThanOrEqual(before / 4);
});
it("a version that always counts so is left alone", { timeout: 60_000 }, async () => {
  expect(await marked("14.8.178.14")).toBeGreaterThan(4);
});

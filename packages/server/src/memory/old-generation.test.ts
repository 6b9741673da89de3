import { execFile } from "node:child_process";
import { constants } from "node:perf_hooks";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { Growth } from "./old-generation.ts";

const MB = 2 ** 20;
const { NODE_PERFORMANCE_GC_MAJOR, NODE_PERFORMANCE_GC_MINOR, NODE_PERFORMANCE_GC_INCREMENTAL } = constants;

describe("the growth until the next collection", () => {
  /** Of a heap of 20 MB: collections that take so much of each second. */
  const after = (growth: Growth, share: number, count: number, from = 0): number => {
    for (let i = 1; i <= count; i++) {
      const duration = (1000 * share) / 2;
      const startTime = 1000 * (from + i) - duration;
      growth.collected({ startTime: startTime - 100, duration, detail: { kind: NODE_PERFORMANCE_GC_INCREMENTAL } });
      growth.collected({ startTime: startTime - 50, duration: 40, detail: { kind: NODE_PERFORMANCE_GC_MINOR } });
      growth.collected({ startTime, duration, detail: { kind: NODE_PERFORMANCE_GC_MAJOR } });
    }
    return growth.percentOf(20 * MB);
  };

  it("the growth is V8's default while collections take little time", () => {
    expect(after(new Growth(4096 * MB), 0.029, 10)).toBe(0);
  });
  it("the growth doubles while collections take more time, up to 32 MiB", () => {
    const steps = [1, 2, 3, 4].map((count) => after(new Growth(4096 * MB), 0.031, count));
    expect(steps).toEqual([0, 160, 160, 160]);
  });
  it("the growth is at most an eighth of the heap limit", () => {
    expect(after(new Growth(256 * MB), 0.5, 10)).toBe(160);
    expect(after(new Growth(128 * MB), 0.5, 10)).toBe(0);
  });
  it("the growth is V8's default if that is larger", () => {
    const growth = new Growth(4096 * MB);
    after(growth, 0.5, 10);
    expect([30, 40].map((mb) => growth.percentOf(mb * MB))).toEqual([107, 0]);
  });
  it("the growth returns to V8's default", () => {
    const growth = new Growth(4096 * MB);
    expect(after(growth, 0.5, 3)).toBe(160);
    expect([1, 2].map((n) => after(growth, 0.01, 1, 2 + n))).toEqual([0, 0]);
  });
});

// V8's flags are the process': each case is one of its own.

const MODULE = new URL("./old-generation.ts", import.meta.url).href;
const run = promisify(execFile);

/** Which flags V8 receives from a process that does nothing but collect, its heap above 10 MB. */
const COLLECTS = `
import { syncBuiltinESMExports } from "node:module";
import { PerformanceObserver } from "node:perf_hooks";
import v8 from "node:v8";
const flags = [];
const { setFlagsFromString } = v8;
v8.setFlagsFromString = (flag) => { flags.push(flag); setFlagsFromString(flag); };
syncBuiltinESMExports();
const { steerOldGeneration } = await import(${JSON.stringify(MODULE)});
steerOldGeneration(process);
const awake = setInterval(() => {}, 1000); // an observer does not keep a process alive
const { promise: seen, resolve } = Promise.withResolvers();
new PerformanceObserver(resolve).observe({ type: "gc" });
const live = Array.from({ length: 100_000 }, (_, i) => ({ i, of: [i] }));
for (let i = 0; i < 12; i++) gc();
await seen;
clearInterval(awake);
console.log(JSON.stringify({ flags, live: live.length }));
`;
async function report(args: readonly string[]): Promise<readonly string[]> {
  const all = ["--expose-gc", ...args, "--input-type=module", "-e", COLLECTS];
  const { stdout } = await run(process.execPath, all, { env: { PATH: process.env.PATH }, timeout: 60_000 });
  return (JSON.parse(stdout) as { readonly flags: readonly string[] }).flags;
}

it.concurrent("the growth is set as a flag of V8", async () => {
  const percents = (await report([])).map((flag) => Number(/^--heap-growing-percent=(\d+)$/.exec(flag)?.[1]));
  expect(percents.length).toBeGreaterThan(0);
  expect(percents.at(-1)).toBeGreaterThanOrEqual(100);
  expect(percents.at(-1)).toBeLessThanOrEqual(400);
});
it.concurrent("a growth set at the start of Node is kept", async () => {
  expect(await report(["--heap-growing-percent=30"])).toEqual([]);
});

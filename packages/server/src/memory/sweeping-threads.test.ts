import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

// V8's flags are the process': each case is one of its own.

const MODULE = new URL("./sweeping-threads.ts", import.meta.url).href;
const run = promisify(execFile);

/** Which flags V8 receives with so many processors, and that it goes on collecting: objects, texts and buffers, of which some are kept. */
const collects = (processors: number) => `
import { syncBuiltinESMExports } from "node:module";
import { PerformanceObserver } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";
import v8 from "node:v8";
const flags = [];
const { setFlagsFromString } = v8;
v8.setFlagsFromString = (flag) => { flags.push(flag); setFlagsFromString(flag); };
syncBuiltinESMExports();
const { sweepOnOneThread } = await import(${JSON.stringify(MODULE)});
let begun = 0;
new PerformanceObserver((list) => { begun += list.getEntries().filter(({ detail }) => detail.kind === 8).length; }).observe({ type: "gc" });
const kept = [];
const churn = async (until) => {
  for (let i = 0; i < 100_000 && begun < until; i++) {
    const buffer = Buffer.alloc(1 << 16, i % 256);
    kept[i % 500] = { buffer, text: buffer.toString("latin1"), of: Array.from({ length: 200 }, (_, j) => ({ i, j })) };
    if (i % 10 === 0) await setImmediate();
  }
};
await churn(3);
const before = begun;
sweepOnOneThread(process, ${processors});
await churn(before + 5); // some of them may have begun before
const whole = kept.every(({ buffer, text, of }) => text.length === buffer.length && buffer.latin1Slice(0, 9) === text.slice(0, 9) && of[199].j === 199);
console.log(JSON.stringify({ flags: flags.filter((flag) => !flag.includes("expose")), collected: begun >= before + 5, whole }));
`;
async function report(processors: number, args: readonly string[] = []): Promise<unknown> {
  const all = [...args, "--input-type=module", "-e", collects(processors)];
  const { stdout } = await run(process.execPath, all, { env: { PATH: process.env.PATH }, timeout: 60_000 });
  return JSON.parse(stdout);
}
const WELL = { collected: true, whole: true };
const FLAGS = ["--no-concurrent-sweeping", "--no-concurrent-array-buffer-sweeping"];

it.concurrent("on one processor, V8 sweeps on one thread, and still collects", async () => {
  expect(await report(1)).toEqual({ flags: FLAGS, ...WELL });
});
it.concurrent("on several processors, no flag is set", async () => {
  expect(await report(2)).toEqual({ flags: [], ...WELL });
});
it.concurrent.each(["--single-threaded-gc", "--no-concurrent-sweeping"])(
  "no flag is set if Node was started with %s",
  async (flag) => {
    expect(await report(1, [flag])).toEqual({ flags: [], ...WELL });
  },
);

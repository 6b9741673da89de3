import { AsyncLocalStorage } from "node:async_hooks";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { clearShared, MAX_MS, type SharedTimer, startShared } from "./timers.ts";

function started<T>(run: (argument: T) => void, ms: number, argument: T): SharedTimer {
  const timer = startShared(run, ms, argument);
  if (timer === undefined) throw new Error("none of ours");
  return timer;
}

test("timers end in order of their times, none early, and cleared timers never", async () => {
  const begun = performance.now();
  const ended: [number, number][] = [];
  const all = Promise.withResolvers<void>();
  const run = (ms: number): void => {
    ended.push([ms, performance.now() - begun]);
    if (ms === 40) all.resolve();
  };
  const cleared = [20, 20, 30].map((ms) => started(() => run(Number.NaN), ms, undefined));
  for (const ms of [40, 20, 20, 30]) started(run, ms, ms);
  const last = started(() => run(Number.NaN), 30, undefined);
  for (const timer of [...cleared, last]) clearShared(timer);
  await all.promise;
  expect(ended.map(([ms]) => ms)).toEqual([20, 20, 30, 40]);
  for (const [ms, after] of ended) expect(after).toBeGreaterThanOrEqual(ms);
  clearShared(last); // of one that is over nothing happens
});

test("microtasks of one timer run before the next timer, and may clear it", async () => {
  const ended: string[] = [];
  const second: { timer?: SharedTimer } = {};
  const all = Promise.withResolvers<void>();
  started(
    () => {
      ended.push("first");
      void Promise.resolve()
        .then(() => Promise.resolve())
        .then(() => second.timer && clearShared(second.timer));
    },
    7,
    undefined,
  );
  second.timer = started(() => ended.push("second"), 7, undefined);
  started(() => ended.push("third"), 7, undefined);
  started(() => all.resolve(), 7, undefined);
  const until = performance.now() + 10;
  while (performance.now() < until); // all are due at once
  await all.promise;
  expect(ended).toEqual(["first", "third"]);
});

test("a timer may start another of the same length when it ends", async () => {
  const ended: number[] = [];
  const all = Promise.withResolvers<void>();
  const again = (left: number): void => {
    ended.push(left);
    if (left === 0) all.resolve();
    else started(again, 3, left - 1);
  };
  started(again, 3, 3);
  await all.promise;
  expect(ended).toEqual([3, 2, 1, 0]);
});

test("a timer runs without the async context of its starter", async () => {
  const storage = new AsyncLocalStorage<string>();
  const all = Promise.withResolvers<unknown>();
  storage.run("a request", () => started(() => all.resolve(storage.getStore()), 13, undefined));
  expect(await all.promise).toBeUndefined();
});

test("a timer beyond the maximum length, or beyond the number of lengths, is not shared", () => {
  expect(startShared(() => {}, MAX_MS + 1, undefined)).toBeUndefined();
  const all = Array.from({ length: 300 }, (_, i) => startShared(() => {}, 1_000 + i, undefined));
  const shared = all.filter((timer) => timer !== undefined);
  expect(shared.length).toBeGreaterThan(200);
  expect(shared.length).toBeLessThanOrEqual(256);
  shared.forEach(clearShared);
});

test("a timer that throws acts like Node's, and the others run; only running timers keep the process alive", () => {
  const timers = fileURLToPath(new URL("./timers.ts", import.meta.url));
  const script = `
    import { clearShared, startShared } from ${JSON.stringify(timers)};
    process.on("uncaughtException", (error) => console.log(error.message));
    clearShared(startShared(() => console.log("never"), 50_000, 0));
    startShared(() => { throw new Error("failed"); }, 5, 0);
    startShared(() => console.log("the other"), 5, 0);
  `;
  const printed = execFileSync(process.execPath, ["--input-type=module", "-e", script], { timeout: 60_000 });
  expect(printed.toString()).toBe("failed\nthe other\n");
});

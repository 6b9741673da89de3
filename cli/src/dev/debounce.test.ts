import { expect, test } from "vitest";
import { type Timers, Trailing } from "./debounce.ts";

class TestTimers implements Timers {
  #now = 0;
  #waiting = new Set<{ readonly at: number; readonly then: () => void }>();

  now(): number {
    return this.#now;
  }
  after(ms: number, then: () => void): () => void {
    const timer = { at: this.#now + ms, then };
    this.#waiting.add(timer);
    return () => this.#waiting.delete(timer);
  }
  pass(ms: number): void {
    this.#now += ms;
    for (const timer of [...this.#waiting]) {
      if (timer.at > this.#now) continue;
      this.#waiting.delete(timer);
      timer.then();
    }
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

function trailing() {
  const timers = new TestTimers();
  const runs: string[][] = [];
  let release = () => {};
  const run = new Trailing(
    (changed) => {
      runs.push([...changed]);
      return new Promise<void>((resolve) => {
        release = resolve;
      });
    },
    { timers, quietMs: 25, mostMs: 1_000 },
  );
  const end = () => {
    release();
    return settled();
  };
  return { timers, runs, run, end };
}

test("several changed files are one run, after a pause", () => {
  const { timers, runs, run } = trailing();
  run.changed("a");
  timers.pass(20);
  run.changed("b");
  timers.pass(20);
  run.changed("a");
  expect(runs).toEqual([]);
  timers.pass(25);
  expect(runs).toEqual([["a", "b"]]);
});

test("changes during a run start the next run, and runs do not overlap", async () => {
  const { timers, runs, run, end } = trailing();
  run.changed("a");
  timers.pass(25);
  run.changed("b");
  run.changed("c");
  timers.pass(5_000);
  expect(runs).toEqual([["a"]]);
  expect(run.isDue).toBe(true);
  await end();
  timers.pass(25);
  expect(runs).toEqual([["a"], ["b", "c"]]);
  expect(run.isDue).toBe(false);
});

test("constant changes do not prevent a run", () => {
  const { timers, runs, run } = trailing();
  for (let i = 0; i < 110; i++) {
    run.changed(`${i % 3}`);
    timers.pass(10);
  }
  expect(runs).toEqual([["0", "1", "2"]]);
});

test("close waits for the current run, and prevents others", async () => {
  const { timers, runs, run, end } = trailing();
  run.changed("a");
  timers.pass(25);
  run.changed("b");
  let isClosed = false;
  const closed = run.close().then(() => {
    isClosed = true;
  });
  await settled();
  expect(isClosed).toBe(false);
  await end();
  await closed;
  run.changed("c");
  timers.pass(5_000);
  expect(runs).toEqual([["a"]]);
});

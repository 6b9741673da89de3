import { expect, test } from "vitest";
import { NewestRun } from "./newest-run.ts";

interface Run {
  readonly signal: AbortSignal;
  readonly end: () => void;
}

function watched() {
  const runs: Run[] = [];
  const newest = new NewestRun(
    (signal) =>
      new Promise((resolve, reject) => {
        runs.push({ signal, end: resolve });
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
  );
  return { runs, newest };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

test("a newer run replaces the running one, and both callers wait for the newer one", async () => {
  const { runs, newest } = watched();
  const [first, second] = [newest.start(), newest.start()];
  await turn();
  expect(runs.map(({ signal }) => signal.aborted)).toEqual([true, false]);
  runs[1]?.end();
  await Promise.all([first, second, newest.settled]);
  expect(runs).toHaveLength(2);
});

test("under constant changes every fourth run ends", async () => {
  const { runs, newest } = watched();
  for (let change = 0; change < 10; change++) {
    void newest.start();
    await turn();
    // The change before aborted no run.
    if (change === 4 || change === 8) runs.at(-1)?.end();
    await turn();
  }
  expect(runs.map(({ signal }) => Number(signal.aborted)).join("")).toBe("1110111010");
  runs.at(-1)?.end();
  await newest.settled;
});

test("a run that does not abort begins after the running one", async () => {
  const { runs, newest } = watched();
  void newest.start();
  void newest.start(false);
  await turn();
  expect(runs.map(({ signal }) => signal.aborted)).toEqual([false]);
  runs[0]?.end();
  await turn();
  expect(runs).toHaveLength(2);
  runs[1]?.end();
  await newest.settled;
});

/** Receives the results, so that the engine does not optimise an evaluation away. */
let sink: unknown;

const ROUNDS = 9;
const ROUND_MS = 20;

/** Nanoseconds per call: the median of several rounds, after enough calls for the compiler to have done its work. */
export function nanoseconds(run: () => unknown): number {
  let count = 1_000;
  while (elapsed(run, count) < ROUND_MS) count *= 2;
  const rounds = Array.from({ length: ROUNDS }, () => (elapsed(run, count) * 1e6) / count);
  return rounds.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
}

function elapsed(run: () => unknown, count: number): number {
  const start = performance.now();
  for (let index = 0; index < count; index++) sink = run();
  return performance.now() - start;
}

export function lastResult(): unknown {
  return sink;
}

// Time that passes only while this process runs: for tests whose deadlines must not end because the machine is busy.
import { type Clock, systemClock, type Timer } from "@protobff/runtime";

const TICK_MS = 1;
/** A turn of the event loop counts for no more, however long it took. */
const MAX_MS = 1;

interface Waiting {
  readonly due: number;
  readonly run: () => void;
}

/** Value of every random draw: backoffs are short, so that all attempts fit into short timeouts. */
const LOT = 0.1;

/** Puts it in the place of the system's clock until the function that it gives is called. `date`: the wall clock, which stands still. */
export function patientClock(date: Date): () => void {
  const clock = systemClock as { -readonly [K in keyof Clock]: Clock[K] };
  const before = { ...clock };
  const timers = new Set<Waiting>();
  let time = 0;
  let last = performance.now();
  const ticker = setInterval(() => {
    const now = performance.now();
    time += Math.min(now - last, MAX_MS);
    last = now;
    const due = [...timers].filter((timer) => timer.due <= time).sort((a, b) => a.due - b.due);
    for (const timer of due) if (timers.delete(timer)) timer.run();
  }, TICK_MS);
  clock.now = () => time;
  clock.date = () => date;
  clock.random = () => LOT;
  clock.setTimeout = (run, ms, argument): Timer => {
    const timer: Waiting = { due: time + Math.ceil(ms), run: () => run(argument) };
    timers.add(timer);
    return timer;
  };
  clock.clearTimeout = (timer) => void timers.delete(timer as Waiting);
  return () => {
    clearInterval(ticker);
    Object.assign(clock, before);
  };
}

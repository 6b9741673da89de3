// Timers of calls and requests: each request has several, of few lengths, and nearly all are cleared. One timer of
// Node's serves all timers of one length. An object of Node's for each would be a quarter of a small call's garbage.
import { AsyncLocalStorage } from "node:async_hooks";

/** Maximum length of a shared timer, in milliseconds. Longer timers are Node's. */
export const MAX_MS = 60_000;
/** Maximum number of shared lengths at a time. Timers of further lengths are Node's. */
const MAX_LENGTHS = 256;

/** A timer that is running or has ended. */
export class SharedTimer {
  /** Its neighbours in the order of their ends. */
  before: SharedTimer | undefined;
  after: SharedTimer | undefined;
  /** Undefined: the timer has ended. */
  line: Line | undefined;
  /** End of the timer, by performance.now(). */
  readonly until: number;
  readonly run: (argument: never) => void;
  readonly argument: unknown;

  constructor(line: Line, run: (argument: never) => void, argument: unknown) {
    this.line = line;
    this.until = performance.now() + line.ms;
    this.run = run;
    this.argument = argument;
  }
}

/** All timers of one length, in the order of their ends. */
class Line {
  readonly ms: number;
  first: SharedTimer | undefined;
  last: SharedTimer | undefined;
  /** Stays set without a running timer, and detects that at its end. Most lines are needed again before. */
  timer: NodeJS.Timeout;

  constructor(ms: number) {
    this.ms = ms;
    this.timer = arm(this, ms);
  }
}
const lines = new Map<number, Line>();

/** Lines outlive tests that replace `setTimeout`. */
const nodes = setTimeout;
/** Node's timer belongs to no request, even if a request was the first to start it. */
const nobodys = AsyncLocalStorage.snapshot();
const arm = (line: Line, ms: number): NodeJS.Timeout => nobodys(() => nodes(end, ms, line));

/**
 * @param ms whole number
 * @returns undefined if it has to be a timer of Node's
 */
export function startShared<T>(run: (argument: T) => void, ms: number, argument: T): SharedTimer | undefined {
  let line = lines.get(ms);
  if (line === undefined) {
    if (!(ms <= MAX_MS) || lines.size >= MAX_LENGTHS) return undefined;
    line = new Line(ms);
    lines.set(ms, line);
  }
  const timer = new SharedTimer(line, run, argument);
  const { last } = line;
  line.last = timer;
  timer.before = last;
  if (last === undefined) {
    line.first = timer;
    line.timer.ref();
  } else last.after = timer;
  return timer;
}

/** Has no effect on a timer that has ended. */
export function clearShared(timer: SharedTimer): void {
  const { line, before, after } = timer;
  if (line === undefined) return;
  timer.line = undefined;
  timer.before = undefined;
  timer.after = undefined;
  if (before === undefined) line.first = after;
  else before.after = after;
  if (after === undefined) line.last = before;
  else after.before = before;
  if (line.first === undefined) line.timer.unref(); // what nobody waits for keeps no process alive
}

function end(line: Line): void {
  const { first } = line;
  if (first !== undefined && first.until <= performance.now()) {
    clearShared(first);
    try {
      first.run(first.argument as never);
    } finally {
      next(line);
    }
  } else next(line);
}
/** As with Node's timers, the microtasks and ticks after the end of one timer run before the next timer ends. */
function next(line: Line): void {
  const { first } = line;
  if (first === undefined) {
    lines.delete(line.ms);
    return;
  }
  const leftMs = Math.ceil(first.until - performance.now());
  if (leftMs > 0) line.timer = arm(line, leftMs);
  else queueMicrotask(() => process.nextTick(end, line)); // a tick that is queued from a microtask runs when none is left
}

// Timers of calls and requests: there are several for each request, of few lengths, and nearly all are cleared. One of Node's serves all of one
// length; an object of Node's for each is a quarter of a small call's garbage.
import { AsyncLocalStorage } from "node:async_hooks";

/** Longer ones are Node's own, in milliseconds. */
export const MOST_MS = 60_000;
/** Of so many lengths at a time; what is of another is Node's own. */
const MOST_LENGTHS = 256;

/** One that is running, or is over. */
export class SharedTimer {
  /** Its neighbours in the order of their ends. */
  before: SharedTimer | undefined;
  after: SharedTimer | undefined;
  /** Undefined: it is over. */
  line: Line | undefined;
  /** By performance.now(). */
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

/** All timers of one length, the first to end first. */
class Line {
  readonly ms: number;
  first: SharedTimer | undefined;
  last: SharedTimer | undefined;
  /** It stays when nothing runs any more, and finds that at its end: most are wanted again before. */
  timer: NodeJS.Timeout;

  constructor(ms: number) {
    this.ms = ms;
    this.timer = arm(this, ms);
  }
}
const lines = new Map<number, Line>();

/** Lines outlive tests that put another in its place. */
const nodes = setTimeout;
/** Node's timer belongs to no request, whichever was the first. */
const nobodys = AsyncLocalStorage.snapshot();
const arm = (line: Line, ms: number): NodeJS.Timeout => nobodys(() => nodes(end, ms, line));

/** @param ms whole; @returns undefined where it is to be Node's own */
export function startShared<T>(run: (argument: T) => void, ms: number, argument: T): SharedTimer | undefined {
  let line = lines.get(ms);
  if (line === undefined) {
    if (!(ms <= MOST_MS) || lines.size >= MOST_LENGTHS) return undefined;
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

/** Nothing happens when it is over. */
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
/** As with Node's own timers, what follows from the end of one is done before the next one ends. */
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

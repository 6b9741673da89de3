// Work that many streams cause at one moment, such as their ends when connections close: done in small groups, with other input between them.

/** Time that the work of one turn of the event loop may take, in milliseconds, unless one piece takes longer. */
const TURN_MS = 1;
const FIRST_PIECES = 8;
const MAX_PIECES = 64;
/** Pieces that are done stay in the list up to this count. */
const KEPT_DONE = 1024;

let waiting: (() => void)[] = [];
/** Index of the first piece that waits. */
let first = 0;
let scheduled = false;
/** Pieces of one turn, by the time that those before took. */
let pieces = FIRST_PIECES;
/** Pieces that may still be done in this turn without waiting. */
let direct = FIRST_PIECES;
let startedAt = 0;
let begun = 0;

/**
 * Does `work` at once, or in one of the next turns of the event loop if there is more than one turn has time for. All work is done in the order
 * of these calls.
 */
export function inTurn(work: () => void): void {
  if (!scheduled) schedule();
  if (direct > 0 && first === waiting.length) {
    direct--;
    work();
  } else {
    waiting.push(work);
  }
}

function schedule(): void {
  scheduled = true;
  setImmediate(turn);
  setImmediate(measure); // in a callback of its own: promises that the turn has settled have run by then, and count
}

function turn(): void {
  scheduled = false;
  startedAt = performance.now();
  const until = Math.min(waiting.length, first + pieces);
  begun = until - first;
  direct = begun === 0 ? pieces : 0;
  if (until < waiting.length) schedule();
  while (first < until) waiting[first++]?.();
  if (first === waiting.length) waiting = [];
  else if (first > KEPT_DONE) waiting = waiting.slice(first);
  else return;
  first = 0;
}

function measure(): void {
  if (begun === 0) return;
  const each = (performance.now() - startedAt) / begun;
  pieces = Math.max(1, Math.min(MAX_PIECES, Math.floor(TURN_MS / each)));
  begun = 0;
  if (!scheduled) schedule(); // so that work may be done at once again
}

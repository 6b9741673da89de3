// Reads from connections whose clients send more than one read takes, without delaying other connections.

/** Time limit for reading all connections in one turn of the event loop, in milliseconds. */
const TURN_MS = 2;
/** Time limit for reading one connection without interruption, in milliseconds. */
const SLICE_MS = 1;
/** Least reading time of a connection that did not wait, in milliseconds. Most clients send everything in less. */
const FRESH_MS = 0.2;
/**
 * Reading time of a connection that did not wait, in milliseconds, while new connections arrive. Turns must then be
 * short, because libuv accepts one connection a turn.
 */
const HURRIED_MS = 0.05;
/** While new connections arrive, waiting ones are read only if none has been read for this time, in milliseconds. */
const HURRY_MS = 1;

/** A connection that has more to be read. */
export interface Reading {
  /** @param until of `performance.now()`, in milliseconds; what is left then waits for the next time */
  readOn(until: number): void;
}

/** The time is over of all connections together; 0: nothing was read in this turn of the event loop. */
let endsAt = 0;
/** True if a connection arrived in this turn, and more may wait behind it. */
let hurries = false;
/** Time at which a waiting connection was last read. */
let readUntil = 0;
const waiting: Reading[] = [];
/** Connections that have not been read completely, and since when. */
const unread = new Map<object, number>();

/** Returns the time until which a connection with new data may be read, in milliseconds of `performance.now()`. */
export function readsUntil(): number {
  const now = performance.now();
  if (endsAt === 0) {
    endsAt = now + TURN_MS;
    setImmediate(turn);
  }
  return hurries ? now + HURRIED_MS : Math.min(now + SLICE_MS, Math.max(endsAt, now + FRESH_MS));
}

/** Reports a new connection. */
export function connectionCame(): void {
  hurries = true;
  readsUntil(); // so that there is a turn, which ends the hurry
}

/** Queues a connection to be read in the next turn of the event loop that has time for it. */
export function waits(reading: Reading): void {
  waiting.push(reading);
  if (!unread.has(reading)) unread.set(reading, performance.now());
}
/** Reports that a connection has been read completely, or is closed. */
export function wasRead(reading: Reading): void {
  if (unread.size > 0) unread.delete(reading);
}
/** Returns true if a connection has not been read completely. */
export function isUnread(connection: object): boolean {
  return unread.has(connection);
}
/** Returns the longest time for which a connection has not been read completely, in milliseconds. */
export function longestUnread(now: number): number {
  let since = now;
  for (const at of unread.values()) since = Math.min(since, at);
  return now - since;
}

function turn(): void {
  let now = performance.now();
  const hurryEnds = now < readUntil + HURRY_MS ? now : now + FRESH_MS;
  const ends = hurries ? hurryEnds : now + TURN_MS;
  hurries = false;
  endsAt = 0;
  const last = waiting.length;
  let read = 0;
  try {
    for (; read < last && now < ends; now = performance.now()) waiting[read++]?.readOn(Math.min(now + SLICE_MS, ends));
  } finally {
    waiting.splice(0, read);
    if (read > 0) readUntil = now;
    if (waiting.length > 0) schedule(now);
  }
}
/** Reads before the next turn share its time. */
function schedule(now: number): void {
  endsAt = now + TURN_MS;
  setImmediate(turn);
}

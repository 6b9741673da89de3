import type { ServerHttp2Stream } from "node:http2";
import { connectionOf } from "./carrier.ts";

/** Of one connection, in one turn of the event loop, by their weight. */
export const AT_ONCE = 8;

/** What node and Connect make of a request takes so much longer than what a shortcut does. */
export const ADAPTER_WEIGHT = 4;
/** Of a message so many bytes take as long as a request on a shortcut. */
const WEIGHED_BYTES = 128 << 10;
/** @param bytes of its message */
export const adapterWeight = (bytes: number): number => ADAPTER_WEIGHT + Math.floor(bytes / WEIGHED_BYTES);

/** So long what one connection begins in a turn is to take, in milliseconds, going by what its requests took before; one it begins however long that takes. */
const PART_MS = 1;
/** So long a turn goes on to the next connection, in milliseconds: who comes meanwhile waits for that, and not for all that others ask for. */
const TURN_MS = 2;

/** Of answers of one connection that wait for their compression so many are made beforehand: others would wait as they are, where their requests can wait, too. */
const AHEAD = 8;

/** A request of HTTP/2 that has come whole. */
export interface Whole {
  /** How long it takes to begin it, beside what most take; default 1. */
  readonly weight?: number;
  /** Nothing happens when it has ended meanwhile. */
  begin(): void;
}

/** The requests of one connection that are to begin. */
class Line {
  /** The oldest first. */
  readonly requests: Whole[] = [];
  /** How many of its answers wait for their compression. */
  ahead = 0;
  /** It is one of those below. */
  queued = false;
  /** What its requests took of late, in milliseconds for each part of their weight. Nothing is known at first: it begins with one, and soon has more. */
  #cost = PART_MS;

  /** @returns those that it may begin in this turn, which are no longer in it */
  first(): readonly Whole[] {
    const most = Math.min(AT_ONCE, PART_MS / this.#cost);
    let count = 0;
    for (let left = most; left > 0 && count < this.requests.length; count++) left -= weightOf(this.requests[count]);
    return this.requests.splice(0, count);
  }
  /** @param ms what some of its requests took, which weigh so much together */
  took(ms: number, weight: number): void {
    this.#cost = (this.#cost + ms / weight) / 2;
  }
}
const weightOf = (request: Whole | undefined): number => request?.weight ?? 1;
const LINE = Symbol();
type WithLine = { [LINE]?: Line };

/** The connections that have such requests: those that had none until now, and those that wait for their next turn; both in order. */
const fresh: Line[] = [];
let waiting: Line[] = [];
/** Those that have had their turn, and have more. */
let served: Line[] = [];
/** Of the turn of the event loop: there is a callback that begins it, and one more for each of the lines. */
let scheduled = false;
let endsAt = 0;
/** Lines that are fresh and those that wait come one after the other. */
let odd = false;
/** Which one has just begun some of its requests, and what they weigh together. */
let begun: Line | undefined;
let begunWeight = 0;
let begunAt = 0;

/**
 * Begins it in one of the next turns of the event loop: not in this one, since what is reset together with its end begins nothing, and node
 * tells of the end before it has looked at the rest of what it has read; and not before those that came earlier on its connection. In a turn each
 * connection begins so many at most, or fewer that weigh more or have taken long, and no more connections than there is time for: who asks for much at once makes others
 * wait for that many, and not for all. Connections that asked for nothing until now do not wait for all of those that ask for much.
 *
 * @param connection its session
 */
export function beginInTurn(connection: object, request: Whole): void {
  const line = lineOf(connection);
  line.requests.push(request);
  enter(line);
}

/**
 * Where much of this is under way, nothing more of the connection begins: answers are made faster than they are compressed.
 *
 * @param connection as of `beginInTurn`
 * @throws what `work` throws
 */
export async function ahead<T>(connection: object, work: () => Promise<T>): Promise<T> {
  const line = lineOf(connection);
  line.ahead++;
  try {
    return await work();
  } finally {
    line.ahead--;
    enter(line);
  }
}
function enter(line: Line): void {
  if (line.queued || line.requests.length === 0 || line.ahead >= AHEAD) return;
  line.queued = true;
  fresh.push(line);
  schedule();
}

/** The same for a request that the handler is given, by its stream. */
export function beginWithHandler(stream: ServerHttp2Stream, begin: () => void): void {
  beginInTurn(connectionOf(stream) ?? stream, { weight: ADAPTER_WEIGHT, begin });
}

function lineOf(connection: WithLine): Line {
  connection[LINE] ??= new Line();
  return connection[LINE];
}

/** One line more for the next turn. */
function schedule(): void {
  if (!scheduled) setImmediate(turn);
  scheduled = true;
  setImmediate(next); // in a callback of its own: all that the one before has come to is over then, and counts
  setImmediate(took); // in another: so is what this one has come to
}

function turn(): void {
  scheduled = false;
  endsAt = performance.now() + TURN_MS;
  odd = false;
  waiting = waiting.length === 0 ? served : [...waiting, ...served];
  served = [];
}

function next(): void {
  odd = !odd;
  begunAt = performance.now();
  const late = begunAt >= endsAt;
  begun = late ? undefined : odd ? (fresh.shift() ?? waiting.shift()) : (waiting.shift() ?? fresh.shift());
  const first = begun === undefined || begun.ahead >= AHEAD ? [] : begun.first();
  if (begun !== undefined) {
    begun.queued = first.length > 0 && begun.requests.length > 0;
    if (begun.queued) served.push(begun);
  }
  if (late || begun?.queued) schedule();
  begunWeight = first.reduce((sum, request) => sum + weightOf(request), 0);
  for (const request of first) request.begin();
}
function took(): void {
  if (begunWeight > 0) begun?.took(performance.now() - begunAt, begunWeight);
  begun = undefined;
}

import type { ServerHttp2Stream } from "node:http2";
import { connectionOf } from "../carrier/carrier.ts";

/** Of one connection, in one turn of the event loop, by their weight. */
export const AT_ONCE = 8;

/** What node and Connect make of a request takes so much longer than what a shortcut does. */
export const ADAPTER_WEIGHT = 4;
/** Of a message so many bytes take as long as a request on a shortcut. */
const WEIGHED_BYTES = 128 << 10;
/** @param bytes of its message */
export const shortcutWeight = (bytes: number): number => 1 + Math.floor(bytes / WEIGHED_BYTES);
/** @param bytes of its message */
export const adapterWeight = (bytes: number): number => ADAPTER_WEIGHT + Math.floor(bytes / WEIGHED_BYTES);

/** So long what one connection begins in a turn is to take, in milliseconds, going by what its requests took before; one it begins however long that takes. */
const PART_MS = 1;
/** So long a turn goes on to the next connection, in milliseconds: who comes meanwhile waits for that, and not for all that others ask for. */
const TURN_MS = 2;

/** After a turn of the event loop that took so long, in milliseconds, whatever there was to be done in it, */
const LONG_MS = 3;
/** so many follow in which nothing begins that is heavy, or of who waits with more than shortcuts: who comes needs several turns, and would wait as long in each of them. */
const RESTS = 2;

/** Of messages of one connection that wait for zlib, to be compressed or decompressed, there are so many: others would wait as what has been made of them, where their requests can wait, too. */
const AHEAD = 8;

/** A request of HTTP/2 that has come whole. */
export interface Whole {
  /** How long it takes to begin it, or to go on with it, beside what most take; default 1. */
  readonly weight?: number;
  /** Nothing happens when it has ended meanwhile. */
  begin(): void;
}

/** The requests of one connection that are to begin. */
class Line {
  /** The oldest first: those that have begun and are to go on, before all others; and those that are to begin. */
  readonly begun: Whole[] = [];
  readonly requests: Whole[] = [];
  /** How many of its messages wait for zlib, or for their turn after it. */
  ahead = 0;
  /** It is one of those below. */
  queued = false;
  /** What its requests took of late, in milliseconds for each part of their weight. Nothing is known at first: it begins with one, and soon has more. */
  #cost = PART_MS;

  /** Which one is the next that may begin or go on now; undefined: none. */
  get next(): Whole | undefined {
    return this.#next(AHEAD - this.ahead);
  }
  #next(room: number): Whole | undefined {
    return this.begun[0] ?? (room > 0 ? this.requests[0] : undefined);
  }
  /** @returns those that may begin or go on in this turn, which are no longer in it */
  first(): readonly Whole[] {
    const first: Whole[] = [];
    let left = Math.min(AT_ONCE, PART_MS / this.#cost);
    let room = AHEAD - this.ahead; // what begins here is not among them before all of it has begun
    for (let next = this.#next(room); left > 0 && next !== undefined; next = this.#next(room)) {
      first.push(next);
      if (this.begun.length > 0) this.begun.shift();
      else {
        this.requests.shift();
        room--;
      }
      left -= weightOf(next);
    }
    return first;
  }
  /** @param ms what some of its requests took, which weigh so much together */
  took(ms: number, weight: number): void {
    this.#cost = (this.#cost + ms / weight) / 2;
  }
}
const weightOf = (request: Whole | undefined): number => request?.weight ?? 1;
const isHeavy = (request: Whole | undefined): boolean => weightOf(request) > ADAPTER_WEIGHT;
const LINE = Symbol();
type WithLine = { [LINE]?: Line };

/** The connections that have such requests: those that had none until now, those that wait for their next turn, and those that ask for what is heavy; each in order. */
const fresh: Line[] = [];
const waiting: Line[] = [];
const heavy: Line[] = [];
/** One of each of these comes after the other: who waits for his next turn does not wait for all that is heavy. */
const kinds = [fresh, waiting, heavy];
/** Those that have had their turn, and have more. */
let served: Line[] = [];
/** Of the turn of the event loop: there is a callback that begins it, and one more for each of the lines. */
let scheduled = false;
let scheduledAt = 0;
let endsAt = 0;
/** How many such turns there still are, with this one. */
let rests = 0;
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
/** The same for one that has begun already, before those that have not: what was made for it is kept no longer than has to be. */
export function goOnInTurn(connection: object, request: Whole): void {
  const line = lineOf(connection);
  line.begun.push(request);
  enter(line);
}

/**
 * Where much of this is under way, nothing more of the connection begins: answers are made faster than they are compressed, and requests faster than their
 * messages are decompressed.
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
  const { next } = line;
  if (line.queued || next === undefined) return;
  line.queued = true;
  (isHeavy(next) ? heavy : fresh).push(line);
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
  if (!scheduled) {
    scheduled = true;
    scheduledAt = performance.now();
    setImmediate(turn);
  }
  setImmediate(next); // in a callback of its own: all that the one before has come to is over then, and counts
  setImmediate(took); // in another: so is what this one has come to
}

function turn(): void {
  const now = performance.now();
  scheduled = false;
  if (rests > 0) rests--;
  else if (now > scheduledAt + LONG_MS) rests = RESTS;
  endsAt = now + TURN_MS;
  for (const line of served) (weightOf(line.next) < ADAPTER_WEIGHT ? waiting : heavy).push(line);
  served = [];
  kinds.sort((one, other) => Number(other === fresh) - Number(one === fresh)); // the others stay in their order
}

function next(): void {
  begunAt = performance.now();
  begun = begunAt >= endsAt ? undefined : nextLine();
  const first = begun?.first() ?? [];
  if (begun !== undefined) {
    begun.queued = begun.next !== undefined;
    if (begun.queued) served.push(begun);
  }
  if (begun === undefined || begun.queued) schedule();
  begunWeight = first.reduce((sum, request) => sum + weightOf(request), 0);
  for (const request of first) request.begin();
}
function nextLine(): Line | undefined {
  if (rests > 0) return fresh.shift() ?? waiting.shift();
  const from = kinds.findIndex((lines) => lines.length > 0);
  if (from < 0) return undefined;
  const [lines] = kinds.splice(from, 1);
  if (lines !== undefined) kinds.push(lines);
  return lines?.shift();
}
function took(): void {
  if (begunWeight > 0) begun?.took(performance.now() - begunAt, begunWeight);
  begun = undefined;
}

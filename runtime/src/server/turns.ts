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

/** So long a turn goes on to the next connection, in milliseconds: who comes meanwhile waits for that, and not for all that others ask for. */
const TURN_MS = 2;

/** A request of HTTP/2 that has come whole. */
export interface Whole {
  /** How long it takes to begin it, beside what most take; default 1. */
  readonly weight?: number;
  /** Nothing happens when it has ended meanwhile. */
  begin(): void;
}

/** The requests of one connection that are to begin, the oldest first. */
type Line = Whole[];
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

/**
 * Begins it in one of the next turns of the event loop: not in this one, since what is reset together with its end begins nothing, and node
 * tells of the end before it has looked at the rest of what it has read; and not before those that came earlier on its connection. In a turn each
 * connection begins so many at most, or fewer that weigh more, and no more connections than there is time for: who asks for much at once makes others
 * wait for that many, and not for all. Connections that asked for nothing until now do not wait for all of those that ask for much.
 *
 * @param connection its session
 */
export function beginInTurn(connection: object, request: Whole): void {
  const line = lineOf(connection);
  if (line.push(request) > 1) return;
  fresh.push(line);
  schedule();
}

/** The same for a request that the handler is given, by its stream. */
export function beginWithHandler(stream: ServerHttp2Stream, begin: () => void): void {
  beginInTurn(connectionOf(stream) ?? stream, { weight: ADAPTER_WEIGHT, begin });
}

function lineOf(connection: WithLine): Line {
  connection[LINE] ??= [];
  return connection[LINE];
}

/** One line more for the next turn. */
function schedule(): void {
  if (!scheduled) setImmediate(turn);
  scheduled = true;
  setImmediate(next); // in a callback of its own: all that the one before has come to is over then, and counts
}

/** How many it may begin in this turn. */
function countOf(line: Line): number {
  let count = 0;
  for (let left = AT_ONCE; left > 0 && count < line.length; count++) left -= line[count]?.weight ?? 1;
  return count;
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
  const late = performance.now() >= endsAt;
  const line = late ? undefined : odd ? (fresh.shift() ?? waiting.shift()) : (waiting.shift() ?? fresh.shift());
  const first = line?.splice(0, countOf(line)) ?? [];
  if (line !== undefined && line.length > 0) served.push(line);
  if (late || (line !== undefined && line.length > 0)) schedule();
  for (const request of first) request.begin();
}

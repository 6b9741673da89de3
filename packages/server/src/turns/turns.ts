// Turns: requests of HTTP/2 begin in turns of the event loop, so that a client with many requests delays other clients
// little.
//
// Each connection has a line of requests. A line waits in one of three queues:
// - `fresh`: it had no requests until now.
// - `waiting`: it had a turn and has more.
// - `heavy`: its next request is heavy.
//
// A turn of the event loop runs these callbacks, each by a `setImmediate`:
//
//   turn              starts the time limit of the turn, and queues the lines that the last turn served
//   next, then took   once per queued line: `next` begins a few requests of one line, `took` measures them
//
// `took` is a separate callback because promises that `next` settles run between both, and their time counts.
//
// Four rules limit the delay:
// 1. One line begins at most `AT_ONCE` units of weight, fewer if its recent requests were slow (request-line.ts).
// 2. A turn serves further lines only within `TURN_MS`. The queues take turns, `fresh` first.
// 3. After a turn longer than `LONG_MS` heavy lines rest for `RESTS` turns. A new client needs several turns, and would
// otherwise wait that long in each.
// 4. A line with too many messages that wait for zlib begins nothing, because answers are composed faster than they are
// compressed.
//
// All lines rest while one of the `holds` returns true, until `resume`.
//
// A request never begins in the turn in which it arrived, because a reset that arrives with its end prevents it.
// Besides, node:http2 reports the end before it has read the rest.
import type { ServerHttp2Stream } from "node:http2";
import { connectionOf } from "../carrier/carrier.ts";
import { RequestLine } from "./request-line.ts";
import { ADAPTER_WEIGHT, isHeavy, type Whole, weightOf } from "./weight.ts";

/** Time in which a turn proceeds to the next line, in milliseconds. */
const TURN_MS = 2;
/** A turn of the event loop that takes longer than this counts as long, whatever its work was. Milliseconds. */
const LONG_MS = 3;
/** Number of turns after a long one in which nothing heavy begins. */
const RESTS = 2;

/** The clock and the callbacks of an event loop. */
export interface Scheduler {
  /** Milliseconds since some moment; never decreases. */
  now(): number;
  /** Runs the callback in the next turn of the event loop, after those that were scheduled before. */
  soon(callback: () => void): void;
}

/** Receives the moments of one request, in milliseconds of the scheduler's clock. */
export interface Watch {
  /** The request has entered its line. */
  entered(now: number): void;
  /** The request begins. */
  began(now: number): void;
}
/** `alone`: a request whose line is empty when it enters; `behind`: any other. */
export type Position = "alone" | "behind";

const LINE = Symbol();
type WithLine = { [LINE]?: RequestLine };

/** The order in which the requests of all connections of one event loop begin. */
export class Turns {
  readonly #scheduler: Scheduler;
  readonly #fresh: RequestLine[] = [];
  readonly #waiting: RequestLine[] = [];
  readonly #heavy: RequestLine[] = [];
  /** The queues in the order in which they are looked at; the queue of the last line is at the end. */
  readonly #queues = [this.#fresh, this.#waiting, this.#heavy];
  /** Lines that had their turn and have more requests. */
  #served: RequestLine[] = [];
  /** A callback for the next turn is scheduled. */
  #scheduled = false;
  #scheduledAt = 0;
  #endsAt = 0;
  /** Number of turns left in which heavy lines rest, including this one. */
  #rests = 0;
  /** The line whose requests began last, until they are measured. */
  #begun: RequestLine | undefined;
  #begunWeight = 0;
  #begunAt = 0;
  /** Number of lines that rest because of a hold. */
  #held = 0;
  readonly #holds = new Set<() => boolean>();
  /** Watches for the next request in each position. */
  readonly #watches: Readonly<Record<Position, Watch[]>> = { alone: [], behind: [] };
  // Bound once: `soon` is called for each line.
  readonly #onTurn = (): void => this.#turn();
  readonly #onNext = (): void => this.#next();
  readonly #onTook = (): void => this.#took();

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** Begins a request in one of the next turns, after earlier requests of its connection. */
  begin(connection: object, request: Whole): void {
    const line = lineOf(connection);
    const watches = this.#watches[positionIn(line)];
    line.requests.push(watches.length === 0 ? request : this.#watched(request, watches.splice(0)));
    this.#enter(line);
  }
  /** Reports the moments of the next request in this position. */
  watch(position: Position, watch: Watch): void {
    this.#watches[position].push(watch);
  }
  /** No request begins while this returns true. The owner calls `resume` when that changes. */
  hold(hold: () => boolean): void {
    this.#holds.add(hold);
  }
  release(hold: () => boolean): void {
    this.#holds.delete(hold);
    this.resume();
  }
  /** Continues with the lines that rest, as far as no hold returns true. */
  resume(): void {
    for (; this.#held > 0; this.#held--) this.#schedule();
  }
  get #isHeld(): boolean {
    for (const hold of this.#holds) if (hold()) return true;
    return false;
  }
  #watched(request: Whole, watches: readonly Watch[]): Whole {
    const enteredAt = this.#scheduler.now();
    for (const watch of watches) watch.entered(enteredAt);
    return {
      weight: weightOf(request),
      begin: () => {
        const now = this.#scheduler.now();
        for (const watch of watches) watch.began(now);
        request.begin();
      },
    };
  }
  /** Continues a request in one of the next turns, before requests of its connection that have not begun. */
  goOn(connection: object, request: Whole): void {
    const line = lineOf(connection);
    line.begun.push(request);
    this.#enter(line);
  }
  /** Runs work that delays further requests of the connection (rule 4). Throws the error of `work`. */
  async ahead<T>(connection: object, work: () => Promise<T>): Promise<T> {
    const line = lineOf(connection);
    line.ahead++;
    try {
      return await work();
    } finally {
      line.ahead--;
      this.#enter(line);
    }
  }

  #enter(line: RequestLine): void {
    const { next } = line;
    if (line.queued || next === undefined) return;
    line.queued = true;
    (isHeavy(next) ? this.#heavy : this.#fresh).push(line);
    this.#schedule();
  }
  /** Makes room for one more line in the next turn. */
  #schedule(): void {
    if (!this.#scheduled) {
      this.#scheduled = true;
      this.#scheduledAt = this.#scheduler.now();
      this.#scheduler.soon(this.#onTurn);
    }
    this.#scheduler.soon(this.#onNext);
    this.#scheduler.soon(this.#onTook);
  }

  #turn(): void {
    const now = this.#scheduler.now();
    this.#scheduled = false;
    if (this.#rests > 0) this.#rests--;
    else if (now > this.#scheduledAt + LONG_MS) this.#rests = RESTS;
    this.#endsAt = now + TURN_MS;
    for (const line of this.#served) (weightOf(line.next) < ADAPTER_WEIGHT ? this.#waiting : this.#heavy).push(line);
    this.#served = [];
    // The others keep their order.
    this.#queues.sort((queue, other) => Number(other === this.#fresh) - Number(queue === this.#fresh));
  }
  #next(): void {
    if (this.#holds.size > 0 && this.#isHeld) {
      this.#held++;
      return;
    }
    this.#begunAt = this.#scheduler.now();
    const line = this.#begunAt >= this.#endsAt ? undefined : this.#nextLine();
    const first = line?.first() ?? [];
    if (line !== undefined) {
      line.queued = line.next !== undefined;
      if (line.queued) this.#served.push(line);
    }
    if (line === undefined || line.queued) this.#schedule();
    this.#begun = line;
    this.#begunWeight = first.reduce((sum, request) => sum + weightOf(request), 0);
    for (const request of first) request.begin();
  }
  #nextLine(): RequestLine | undefined {
    if (this.#rests > 0) return this.#fresh.shift() ?? this.#waiting.shift();
    const from = this.#queues.findIndex((lines) => lines.length > 0);
    if (from < 0) return undefined;
    const [lines] = this.#queues.splice(from, 1);
    if (lines !== undefined) this.#queues.push(lines);
    return lines?.shift();
  }
  #took(): void {
    if (this.#begunWeight > 0) this.#begun?.took(this.#scheduler.now() - this.#begunAt, this.#begunWeight);
    this.#begun = undefined;
  }
}

const positionIn = (line: RequestLine): Position => (line.requests.length === 0 ? "alone" : "behind");

function lineOf(connection: WithLine): RequestLine {
  connection[LINE] ??= new RequestLine();
  return connection[LINE];
}

const turns = new Turns({ now: () => performance.now(), soon: (callback) => void setImmediate(callback) });

/** `Turns.begin` in the event loop of this process. @param connection its session */
export function beginInTurn(connection: object, request: Whole): void {
  turns.begin(connection, request);
}
/** Returns the position of the connection's next request. @param connection its session */
export function nextPosition(connection: object): Position {
  return positionIn(lineOf(connection));
}
/** `Turns.watch` in the event loop of this process. */
export function watchTurn(position: Position, watch: Watch): void {
  turns.watch(position, watch);
}
/** `Turns.hold` in the event loop of this process. Returns `resume`, and the end of the hold. */
export function holdTurns(hold: () => boolean): { readonly resume: () => void; readonly end: () => void } {
  turns.hold(hold);
  return { resume: () => turns.resume(), end: () => turns.release(hold) };
}
/** `Turns.goOn` in the event loop of this process. @param connection its session */
export function goOnInTurn(connection: object, request: Whole): void {
  turns.goOn(connection, request);
}
/** `Turns.ahead` in the event loop of this process. @param connection its session */
export function ahead<T>(connection: object, work: () => Promise<T>): Promise<T> {
  return turns.ahead(connection, work);
}
/** `beginInTurn` for a request of node:http2, by its stream. */
export function beginWithHandler(stream: ServerHttp2Stream, begin: () => void): void {
  beginInTurn(connectionOf(stream) ?? stream, { weight: ADAPTER_WEIGHT, begin });
}

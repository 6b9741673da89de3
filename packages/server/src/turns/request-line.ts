import { type Whole, weightOf } from "./weight.ts";

/** Maximum weight that one connection begins in one turn. */
export const AT_ONCE = 8;
/** Target time for the requests that one connection begins in one turn, in milliseconds. One request begins in any case. */
const PART_MS = 1;
/** Maximum number of a connection's messages that wait for zlib while more requests begin. */
const AHEAD = 8;

/** The requests of one connection that wait for their turn. */
export class RequestLine {
  /** Requests that have begun and are to continue, oldest first; they precede all others. */
  readonly begun: Whole[] = [];
  /** Requests that have not begun, oldest first. */
  readonly requests: Whole[] = [];
  /** Messages that wait for zlib, or for their turn after it. */
  ahead = 0;
  /** The line is in a queue of `Turns`. */
  queued = false;
  /** Recent time per unit of weight, in milliseconds. The initial value admits one request, and quick ones soon admit more. */
  #cost = PART_MS;

  /** The next request that may begin or continue now. */
  get next(): Whole | undefined {
    return this.#next(AHEAD - this.ahead);
  }
  #next(room: number): Whole | undefined {
    return this.begun[0] ?? (room > 0 ? this.requests[0] : undefined);
  }
  /** Removes and returns the requests that may begin or continue in this turn. */
  first(): readonly Whole[] {
    const first: Whole[] = [];
    let left = Math.min(AT_ONCE, PART_MS / this.#cost);
    let room = AHEAD - this.ahead; // requests that begin here increase `ahead` only after all of them have begun
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
  /** Records that requests with this total weight took `ms`. */
  took(ms: number, weight: number): void {
    this.#cost = (this.#cost + ms / weight) / 2;
  }
}

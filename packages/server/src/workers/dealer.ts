import type { Socket } from "node:net";
import type { Clock, Timer } from "@protobff/runtime/internal/clock";

/** Who takes connections. */
export interface Taker {
  /** How many it has, with those that are on their way to it. */
  open: number;
  /** Whether one is on its way to it. The next is sent when it has come: what is under way is lost with a process that dies. */
  taking: boolean;
  /** It has not taken what was sent to it for a while, and gets nothing before it has. */
  slow: boolean;
  /** @param failed the connection has not been sent */
  take(socket: Socket, failed: () => void): void;
}

/** Beyond so many that wait for a worker, connections are closed at once. */
const MOST_WAITING = 1024;
/** Whoever has fewest is waited for so long while it takes another one, in milliseconds. */
const PATIENCE_MS = 250;
/** With many connections, a few more or less are no reason to wait: one in so many. */
const SLACK = 8;

/**
 * Deals connections to whoever has fewest. By count, since clients of HTTP/2 keep a few connections for days: turns, or the kernel's dice
 * (SO_REUSEPORT), would leave workers idle after the first restart.
 */
export class Dealer {
  readonly #clock: Clock;
  readonly #takers: Taker[] = [];
  readonly #waiting: Socket[] = [];
  #impatient: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  /** How many take connections. */
  get takers(): number {
    return this.#takers.length;
  }
  /** How many connections wait for a worker. */
  get waiting(): number {
    return this.#waiting.length;
  }
  add(taker: Taker): void {
    if (!this.#takers.includes(taker)) this.#takers.push(taker);
    this.#deal();
  }
  /** It gets no connection from now on. */
  remove(taker: Taker): void {
    const i = this.#takers.indexOf(taker);
    if (i >= 0) this.#takers.splice(i, 1);
    this.#deal();
  }
  accept(socket: Socket): void {
    if (this.#waiting.length >= MOST_WAITING) {
      socket.destroy();
      return;
    }
    this.#waiting.push(socket);
    this.#deal();
  }
  /** What was sent to it has come. */
  taken(taker: Taker): void {
    taker.taking = false;
    taker.slow = false;
    this.#deal();
  }
  /** Closes those that nobody has taken. */
  drop(): void {
    for (const socket of this.#waiting.splice(0)) socket.destroy();
  }

  #deal(): void {
    while (this.#waiting.length > 0) {
      const taker = this.#next();
      if (taker === undefined) return;
      const socket = this.#waiting.shift();
      if (socket !== undefined && !socket.destroyed) this.#send(taker, socket);
    }
  }
  #send(taker: Taker, socket: Socket): void {
    // Of equals the next one is whoever has waited longest, so that all of them are warm.
    this.#takers.push(...this.#takers.splice(this.#takers.indexOf(taker), 1));
    taker.open++;
    taker.taking = true;
    taker.take(socket, () => {
      taker.open--;
      taker.taking = false;
      // It stays out: whoever cannot be reached is about to end.
      this.remove(taker);
      if (!socket.destroyed) this.accept(socket);
    });
  }
  #next(): Taker | undefined {
    const able = this.#takers.filter(({ slow }) => !slow);
    const fewest = leastOf(able);
    const free = leastOf(able.filter(({ taking }) => !taking));
    if (fewest === undefined) return undefined;
    if (free !== undefined && free.open - fewest.open <= fewest.open / SLACK) return free;
    this.#impatient ??= this.#clock.setTimeout(() => this.#lost(), PATIENCE_MS, undefined);
    return undefined;
  }
  /** Those that were waited for take connections too slowly, or no more. */
  #lost(): void {
    this.#impatient = undefined;
    for (const taker of this.#takers) taker.slow = taker.taking;
    this.#deal();
  }
}

function leastOf(takers: readonly Taker[]): Taker | undefined {
  let least: Taker | undefined;
  for (const taker of takers) if (least === undefined || taker.open < least.open) least = taker;
  return least;
}

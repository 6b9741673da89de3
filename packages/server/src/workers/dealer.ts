import type { Socket } from "node:net";
import type { Clock, Timer } from "@protobff/runtime/internal/clock";
import { type Transitions, transition } from "@protobff/runtime/internal/states";

/**
 * Transfer of a connection to a worker:
 * - `none`: no connection is in transfer.
 * - `pending`: the next connection is sent after its arrival, because a process that dies loses those in transfer.
 * - `slow`: the transfer takes too long. The worker receives no more connections until that one has arrived.
 */
type TransferState = "none" | "pending" | "slow";
export const TRANSFER_TRANSITIONS: Transitions<TransferState> = {
  none: ["pending"],
  pending: ["none", "slow"],
  slow: ["none"],
};

/** Receiver of connections. */
export interface Taker {
  /** Number of its connections, including those in transfer. */
  open: number;
  transfer: TransferState;
  /** @param failed the connection has not been sent */
  take(socket: Socket, failed: () => void): void;
}

/** Maximum number of connections that wait for a worker. Further connections are closed at once. */
const MAX_WAITING = 1024;
/** Longest wait for the least loaded worker while it takes another connection, in milliseconds. */
const PATIENCE_MS = 250;
/** Tolerated difference in connections, as a divisor of their number: small differences are no reason to wait. */
const SLACK = 8;

/**
 * Deals connections to the worker with the fewest. The count decides because clients of HTTP/2 keep a few connections
 * for days. Round-robin or the kernel's random choice (SO_REUSEPORT) would leave workers idle after the first restart.
 */
export class Dealer {
  readonly #clock: Clock;
  readonly #takers: Taker[] = [];
  readonly #waiting: Socket[] = [];
  #impatient: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  /** Number of workers that accept connections. */
  get takers(): number {
    return this.#takers.length;
  }
  /** Number of connections that wait for a worker. */
  get waiting(): number {
    return this.#waiting.length;
  }
  add(taker: Taker): void {
    if (!this.#takers.includes(taker)) this.#takers.push(taker);
    this.#deal();
  }
  /** Removes a worker: it receives no more connections. */
  remove(taker: Taker): void {
    const i = this.#takers.indexOf(taker);
    if (i >= 0) this.#takers.splice(i, 1);
    this.#deal();
  }
  accept(socket: Socket): void {
    if (this.#waiting.length >= MAX_WAITING) {
      socket.destroy();
      return;
    }
    this.#waiting.push(socket);
    this.#deal();
  }
  /** A connection has arrived at its worker. */
  taken(taker: Taker): void {
    if (taker.transfer !== "none") enter(taker, "none");
    this.#deal();
  }
  /** Closes the connections that no worker has taken. */
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
    // Among equals the worker that has waited longest is next, so that all of them stay warm.
    this.#takers.push(...this.#takers.splice(this.#takers.indexOf(taker), 1));
    taker.open++;
    enter(taker, "pending");
    taker.take(socket, () => {
      taker.open--;
      enter(taker, "none");
      // The worker stays removed: an unreachable worker is about to end.
      this.remove(taker);
      if (!socket.destroyed) this.accept(socket);
    });
  }
  #next(): Taker | undefined {
    const able = this.#takers.filter(({ transfer }) => transfer !== "slow");
    const fewest = leastOf(able);
    const free = leastOf(able.filter(({ transfer }) => transfer === "none"));
    if (fewest === undefined) return undefined;
    if (free !== undefined && free.open - fewest.open <= fewest.open / SLACK) return free;
    this.#impatient ??= this.#clock.setTimeout(() => this.#lost(), PATIENCE_MS, undefined);
    return undefined;
  }
  /** Marks workers as slow that did not accept a connection in time. */
  #lost(): void {
    this.#impatient = undefined;
    for (const taker of this.#takers) if (taker.transfer === "pending") enter(taker, "slow");
    this.#deal();
  }
}

function enter(taker: Taker, state: TransferState): void {
  taker.transfer = transition(TRANSFER_TRANSITIONS, taker.transfer, state);
}
function leastOf(takers: readonly Taker[]): Taker | undefined {
  let least: Taker | undefined;
  for (const taker of takers) if (least === undefined || taker.open < least.open) least = taker;
  return least;
}

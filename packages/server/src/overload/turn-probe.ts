import { type Position, type Watch, watchTurn } from "../turns/turns.ts";

/** `Turns.watch`. */
export type WatchTurn = (position: Position, watch: Watch) => void;

/** Measures how long requests wait for their turn, one request after the other. */
export class TurnProbe implements Watch {
  readonly #position: Position;
  readonly #watch: WatchTurn;
  /** `armed`: for the next request; `waiting`: a request waits; `done`: it has begun. */
  #state: "armed" | "waiting" | "done" = "done";
  #enteredAt = 0;
  #waitedMs = 0;

  constructor(position: Position, watch: WatchTurn = watchTurn) {
    this.#position = position;
    this.#watch = watch;
  }
  entered(now: number): void {
    this.#state = "waiting";
    this.#enteredAt = now;
  }
  began(now: number): void {
    this.#state = "done";
    this.#waitedMs = now - this.#enteredAt;
  }
  /** Returns the current wait in milliseconds: 0 if no request has entered a line since the last call. */
  read(now: number): number {
    if (this.#state === "armed") this.#waitedMs = 0;
    // The wait before is the better measure until the next request has waited as long.
    if (this.#state === "waiting") return Math.max(this.#waitedMs, now - this.#enteredAt);
    if (this.#state === "done") {
      this.#state = "armed";
      this.#watch(this.#position, this);
    }
    return this.#waitedMs;
  }
}

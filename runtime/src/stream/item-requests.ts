import type { Clock } from "../clock.ts";
import type { ItemSource } from "../source/source.ts";
import { type Transitions, transition } from "../states.ts";

/**
 * Progress of one request for an item:
 * - `none`: no item is awaited.
 * - `waiting`: the source has the request.
 * - `deciding`: the item has arrived, and its checks run.
 */
type RequestState = "none" | "waiting" | "deciding";
export const REQUEST_TRANSITIONS: Transitions<RequestState> = {
  none: ["waiting", "deciding"],
  waiting: ["none"],
  deciding: ["none"],
};

/** Requests the items of a source, one at a time, because the checks of an item may make it the last one. */
export class ItemRequests {
  readonly #clock: Clock;
  readonly #hasRoom: () => boolean;
  #source: ItemSource | undefined;
  #state: RequestState = "none";
  /** Time of the request, by the clock. */
  #since = 0;
  #pumping = false;

  /** @param hasRoom reports whether another item has room */
  constructor(clock: Clock, hasRoom: () => boolean) {
    this.#clock = clock;
    this.#hasRoom = hasRoom;
  }
  /** Requests items from now on. Undefined: none. */
  set source(source: ItemSource | undefined) {
    this.#source = source;
  }
  get isDeciding(): boolean {
    return this.#state === "deciding";
  }
  /** Time since which an item is awaited, by the clock. Infinity: none is. */
  get waitsSince(): number {
    return this.#state === "waiting" ? this.#since : Number.POSITIVE_INFINITY;
  }
  /** Requests as many items as have room. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#source !== undefined && this.#state === "none" && this.#hasRoom()) {
      this.#enter("waiting");
      this.#since = this.#clock.now();
      this.#source.next();
    }
    this.#pumping = false;
  }
  arrived(): void {
    this.#enter("none");
  }
  /** The checks of the item that has arrived take time. */
  decides(): void {
    this.#enter("deciding");
  }
  decided(): void {
    this.#enter("none");
  }
  /** Begins the wait anew. @returns whether the source renews its request by itself */
  renews(): boolean {
    this.#since = this.#clock.now();
    return this.#source?.silent?.() === true;
  }
  cancel(): void {
    this.#source?.cancel();
    this.#source = undefined;
  }
  #enter(state: RequestState): void {
    this.#state = transition(REQUEST_TRANSITIONS, this.#state, state);
  }
}

// When something is to be done for one stream although nothing comes for it: two timers in all, which are moved only when they fire too early.
import type { Clock, Timer } from "../clock.ts";

/** A moment at which something is due, of which there may be a sooner or a later one when it has come. */
export class Alarm {
  readonly #clock: Clock;
  readonly #due: () => number;
  readonly #ring: () => void;
  #timer: Timer | undefined;
  #at = Number.POSITIVE_INFINITY;

  /**
   * @param due when it is to ring, by the clock; Infinity: never
   * @param ring is called when it is due, and then `due` is asked again
   */
  constructor(clock: Clock, due: () => number, ring: () => void) {
    this.#clock = clock;
    this.#due = due;
    this.#ring = ring;
  }
  /** Something is due sooner, perhaps. */
  set(): void {
    const at = this.#due();
    if (at < this.#at) this.#start(at);
  }
  clear(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    // Nothing is sooner: it cannot be set again.
    this.#at = Number.NEGATIVE_INFINITY;
  }
  #start(at: number): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#at = at;
    this.#timer = this.#clock.setTimeout(fire, Math.max(0, at - this.#clock.now()), this as Alarm);
  }
  fire(): void {
    this.#timer = undefined;
    this.#at = Number.POSITIVE_INFINITY;
    if (this.#due() <= this.#clock.now()) this.#ring();
    // It may have been cleared meanwhile.
    this.set();
  }
}
const fire = (alarm: Alarm): void => alarm.fire();

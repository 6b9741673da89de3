// Timers for events of a stream that do not depend on arriving data. A stream has two timers, which are moved only when
// they fire too early.
import type { Clock, Timer } from "../clock.ts";

/** An event whose due time may become sooner or later while its timer runs. */
export class Alarm {
  readonly #clock: Clock;
  readonly #due: () => number;
  readonly #ring: () => void;
  #timer: Timer | undefined;
  #at = Number.POSITIVE_INFINITY;

  /**
   * @param due returns the due time, by the clock; Infinity for never
   * @param ring called when the event is due; then `due` is evaluated again
   */
  constructor(clock: Clock, due: () => number, ring: () => void) {
    this.#clock = clock;
    this.#due = due;
    this.#ring = ring;
  }
  /** Moves the timer if the event is due sooner. */
  set(): void {
    const at = this.#due();
    if (at < this.#at) this.#start(at);
  }
  clear(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    // No time is sooner, so the timer cannot be set again.
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
    // The callback may have cleared it.
    this.set();
  }
}
const fire = (alarm: Alarm): void => alarm.fire();

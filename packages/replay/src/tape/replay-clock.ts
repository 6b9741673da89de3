import type { Clock, Timer } from "@protobff/runtime/internal/clock";

/** A timer that has been started and neither fired nor cleared. */
interface RunningTimer {
  readonly index: number;
  /** When it was started, in microseconds. */
  readonly from: number;
  /** Time from its start until it is due, in milliseconds. */
  readonly ms: number;
  /** When it is due, in milliseconds. */
  readonly at: number;
  readonly fire: () => void;
}

/** Values that a request has read from its clock. */
interface ClockValues {
  /** In microseconds, each as the difference from the one before. */
  readonly startedAt: number;
  readonly readings: readonly number[];
  readonly dates: readonly number[];
  readonly random: readonly number[];
  /** Wall clock at the start, in milliseconds. */
  readonly date: number;
}

/** A clock that repeats captured values. Its time moves by `enter` only. */
export class ReplayClock implements Clock {
  readonly timers = new Map<number, RunningTimer>();
  /** Number of values that were read beyond the captured ones. */
  surplus = 0;
  readonly #values: ClockValues;
  readonly #readings: readonly number[];
  #next = 0;
  #end = 0;
  #now: number;
  #started = 0;
  #dates = 0;
  #draws = 0;

  constructor(values: ClockValues) {
    this.#values = values;
    let last = values.startedAt;
    this.#readings = values.readings.map((difference) => {
      last += difference;
      return last;
    });
    this.#now = values.startedAt;
  }
  /**
   * Begins a turn.
   *
   * @param now in microseconds
   * @param from number of readings before it
   * @param end number of readings before the next turn
   */
  enter(now: number, from: number, end: number): void {
    this.#now = Math.max(this.#now, now);
    this.#next = from;
    this.#end = end;
  }
  /** Time in microseconds. */
  get at(): number {
    return this.#now;
  }
  now(): number {
    const reading = this.#next < this.#end ? this.#readings[this.#next++] : undefined;
    if (reading === undefined) this.surplus++;
    else this.#now = Math.max(this.#now, reading);
    return (reading ?? this.#now) / 1_000;
  }
  date(): Date {
    const passed = (this.#now - this.#values.startedAt) / 1_000;
    return new Date(this.#values.dates[this.#dates++] ?? this.#values.date + passed);
  }
  random(): number {
    const drawn = this.#values.random[this.#draws++];
    if (drawn === undefined) this.surplus++;
    return drawn ?? 0.5;
  }
  setTimeout<T>(run: (argument: T) => void, ms: number, argument: T): Timer {
    const timer = {
      index: this.#started++,
      from: this.#now,
      ms,
      at: this.#now / 1_000 + ms,
      fire: () => run(argument),
    };
    this.timers.set(timer.index, timer);
    return timer;
  }
  setImmediate<T>(run: (argument: T) => void, argument: T): void {
    this.setTimeout(run, 0, argument);
  }
  clearTimeout(timer: Timer): void {
    this.timers.delete((timer as RunningTimer).index);
  }
}

// The number of composed requests under way, while the event loop has little time left.
//
// A composition waits for replies of upstreams. Replies that arrive late arrive together, and their work then blocks the
// event loop for as long as there are requests under way. Neither timers nor turns see such a backlog before. So it is
// bounded: further requests wait for their turn, where their waits are measured.

/** Share of the event loop's time above which requests under way are limited. */
const BUSY = 0.7;
/** Number of periods below that after which the limit ends. */
const CALM_PERIODS = 10;
/** Weight of the last period in the mean cost of a request. */
const RECENT = 0.2;
/** Growth of the least duration per period, so that upstreams may become slower. */
const FORGETS = 1.01;
/** Calls that take longer than their work may be under way this many times, as in BBR (Cardwell et al., 2016). */
const GAIN = 2;
const LEAST = 4;

/**
 * Limits the requests under way to those whose work fits into a delay. More are under way if calls are long: twice the
 * completed requests per millisecond × the least duration, by Little's law.
 */
export class Pace {
  readonly #delayMs: number;
  readonly #freed: () => void;
  #underWay = 0;
  #limit = Number.POSITIVE_INFINITY;
  #completed = 0;
  #tookMs = 0;
  /** Time of the event loop per request. */
  #costMs = 0;
  #leastMs = Number.POSITIVE_INFINITY;
  #calmPeriods = CALM_PERIODS;

  /** @param delayMs time that the work of all requests under way may take @param freed called when requests may begin again */
  constructor(delayMs: number, freed: () => void) {
    this.#delayMs = delayMs;
    this.#freed = freed;
  }
  /** Infinity: no limit. */
  get limit(): number {
    return this.#limit;
  }
  get isFull(): boolean {
    return this.#underWay >= this.#limit;
  }
  begun(): void {
    this.#underWay++;
  }
  ended(tookMs: number): void {
    this.#completed++;
    this.#tookMs += tookMs;
    const wasFull = this.isFull;
    this.#underWay--;
    this.#free(wasFull);
  }
  /** Ends a period of `forMs`, in which the event loop was busy for `busyMs`. */
  adjust(forMs: number, busyMs: number): void {
    let long = 0;
    if (this.#completed > 0) {
      this.#costMs += RECENT * (busyMs / this.#completed - this.#costMs);
      this.#leastMs = Math.min(this.#leastMs * FORGETS, this.#tookMs / this.#completed);
      long = (GAIN * this.#completed * this.#leastMs) / forMs;
    }
    this.#calmPeriods = busyMs > BUSY * forMs ? 0 : this.#calmPeriods + 1;
    this.#limitTo(
      this.#calmPeriods < CALM_PERIODS ? Math.max(LEAST, this.#delayMs / this.#costMs, long) : Number.POSITIVE_INFINITY,
    );
    this.#completed = 0;
    this.#tookMs = 0;
  }
  /** Ends the limit. */
  rest(): void {
    this.#calmPeriods = CALM_PERIODS;
    this.#limitTo(Number.POSITIVE_INFINITY);
  }
  #limitTo(limit: number): void {
    const wasFull = this.isFull;
    this.#limit = limit;
    this.#free(wasFull);
  }
  #free(wasFull: boolean): void {
    if (wasFull && !this.isFull) this.#freed();
  }
}

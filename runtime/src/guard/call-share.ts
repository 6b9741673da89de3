import type { Clock } from "../clock.ts";

/** Factors of the share for each refusal and answer: it sinks if more than 37 % are refused. */
const REFUSED = 1 / 2;
const ANSWERED = 3 / 2;
/** Bounds of the share. Above 1 it is a reserve: three refusals in a row have no effect. */
const LEAST = 1 / 16;
const RESERVE = 8;
/** Time in which an idle share doubles, in ms. */
const DOUBLING_MS = 30_000;
/** Cost of a supplementary call: critical ones go first. */
const SUPPLEMENTARY = 2;

/** Share of calls to an overloaded upstream, if too few are in flight for a limit. */
export class CallShare {
  readonly #clock: Clock;
  #share = RESERVE;
  #credit = 1;
  #at = 0; // time of the share

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  /** Current share, from 1/16 to 1. A full reserve needs no clock. */
  get share(): number {
    if (this.#share < RESERVE) {
      const now = this.#clock.now();
      this.#share = Math.min(RESERVE, this.#share * 2 ** ((now - this.#at) / DOUBLING_MS));
      this.#at = now;
    }
    return Math.min(1, this.#share);
  }
  /** Decides whether a call may be sent. */
  admits(isCritical: boolean): boolean {
    const { share } = this;
    if (share === 1) return true;
    this.#credit = Math.min(SUPPLEMENTARY, this.#credit + share);
    if (this.#credit < (isCritical ? 1 : SUPPLEMENTARY)) return false;
    this.#credit--;
    return true;
  }
  answered(): void {
    this.#share = Math.min(RESERVE, this.#share * ANSWERED);
  }
  /** Records that the upstream refused a call, or had no answer in time. */
  refused(): void {
    if (this.#share === RESERVE) this.#at = this.#clock.now();
    this.#share = Math.max(LEAST, this.#share * REFUSED);
  }
}

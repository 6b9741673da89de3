import type { Purges } from "./purges.ts";
import { EVERY_TAG } from "./tags.ts";

/**
 * Age of a reading after which tagged answers are not used, in milliseconds. With the interval between readings, it is
 * the longest time for which this process may not see another's purge.
 */
const CONFIRMED_MS = 1_500;

/** Purges of other processes, by message. A purge without its message is a lost one, which purges everything. */
export class PurgeMessages {
  readonly #purges: Purges;
  /** Number of the last purge that has reached this process; undefined: unknown. */
  #known: number | undefined;
  /** A reading that no message has reached yet. */
  #pending: { readonly last: number; readonly at: number } | undefined;
  #confirmedAt = Number.NEGATIVE_INFINITY;

  constructor(purges: Purges) {
    this.#purges = purges;
    purges.confirmed = () => performance.now() - this.#confirmedAt < CONFIRMED_MS;
  }
  /** Another server may have lost purges: nothing of before counts. */
  lost(): void {
    this.#known = undefined;
    this.#pending = undefined;
  }
  receive(message: string): void {
    const [last, names] = parsed(message);
    if (this.#known === undefined || last <= this.#known) return;
    this.#purges.purge(last === this.#known + 1 ? names : [EVERY_TAG]);
    this.#known = last;
    if (this.#pending === undefined || last < this.#pending.last) return;
    this.#confirmedAt = this.#pending.at;
    this.#pending = undefined;
  }
  /** A caller that comes from now on must not join an earlier fetch. */
  purgeUnconfirmed(): void {
    if (!this.#purges.confirmed()) this.#purges.purge([EVERY_TAG]);
  }
  /** Compares the number of the last purge with the messages. `at`: before it was read. */
  read(last: number, at: number): void {
    if (this.#known !== undefined && this.#known < last && this.#pending === undefined) {
      this.#pending = { last, at };
      return;
    }
    if (this.#known === undefined || this.#known < last) {
      this.#purges.purge([EVERY_TAG]);
      this.#known = last;
    }
    this.#pending = undefined;
    this.#confirmedAt = at;
  }
}

/** Any other message counts as lost: the next reading of the counter reports it. */
function parsed(message: string): readonly [number, readonly string[]] {
  try {
    return JSON.parse(message) as [number, string[]];
  } catch {
    return [0, []];
  }
}

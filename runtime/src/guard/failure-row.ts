import type { Clock } from "../clock.ts";
import { Code, type Fault } from "../failure.ts";
import type { AddressState } from "../observer-upstreams.ts";

/** Number of failures in a row that opens a breaker, if its policy sets no other. */
const CONSECUTIVE = 5;
/** Age from which a failure is not part of the row, in milliseconds. */
const MAX_AGE_MS = 60_000;

/** A client that may know several addresses of its upstream. */
export interface AddressedClient {
  addresses?(): readonly AddressState[];
}

/** Calls that failed in a row, at an upstream with too few calls for a rate (runtime.md, "Breakers"). */
export class FailureRow {
  /** Number of failures ever recorded: the position at which a call begins. */
  position = 0;
  readonly #most: number;
  readonly #clock: Clock;
  readonly #client: AddressedClient;
  #times: number[] = []; // at most `#most`, the oldest first
  readonly #lastAt = new Map<string | undefined, number>(); // by address

  /**
   * @param most number of failures that makes the row complete; 0: none does
   * @param client that of the upstream
   */
  constructor(most: number | undefined, clock: Clock, client: AddressedClient) {
    this.#most = most ?? CONSECUTIVE;
    this.#clock = clock;
    this.#client = client;
  }
  /**
   * Records a failed call, unless it was in flight together with the failure before it. Returns whether the row is
   * complete.
   *
   * @param position that at the call's begin
   * @param address that of its last attempt; undefined: no address could take it
   */
  record(position: number, address: string | undefined): boolean {
    if (this.#most === 0 || position !== this.position) return false;
    const now = this.#clock.now();
    this.position++;
    this.#times.push(now);
    if (this.#times.length > this.#most) this.#times.shift();
    this.#lastAt.set(address, now);
    const from = now - MAX_AGE_MS;
    for (const [key, at] of this.#lastAt) if (at < from) this.#lastAt.delete(key);
    return this.#times.length === this.#most && (this.#times[0] ?? from) >= from && this.#isWide();
  }
  /** Ends the row. */
  end(): void {
    if (this.#times.length === 0) return;
    this.#times = [];
    this.#lastAt.clear();
  }
  /** Reports whether enough addresses have failed: two, or all that are not ejected. */
  #isWide(): boolean {
    if (this.#lastAt.has(undefined) || this.#lastAt.size > 1) return true;
    const used = (this.#client.addresses?.() ?? []).filter(({ state }) => state !== "ejected" && state !== "leaving");
    return used.every(({ address }) => this.#lastAt.has(address));
  }
}

/**
 * Reports whether a fault means that the upstream was not reached or did not answer in time. Such faults of calls in a
 * row open a breaker.
 *
 * @param fair as of `verdictOn`
 */
export function isUnreachable({ kind, code, kept }: Fault, fair: boolean): boolean {
  if (kept !== undefined) return false;
  if (kind === "transport" || kind === "unprocessed") return true;
  return kind === "status" && (code === Code.UNAVAILABLE || (code === Code.DEADLINE_EXCEEDED && fair));
}

import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";

/** Interval between two reports, in milliseconds. */
const QUIET_MS = 60_000;

/** Reports faults that clients can cause at will: once a minute, with their count since. */
export class FaultThrottle {
  readonly #fault: ServerFault;
  #at = Number.NEGATIVE_INFINITY;
  #untold = 0;

  constructor(fault: ServerFault) {
    this.#fault = fault;
  }
  report(message: string): void {
    const now = performance.now();
    if (now - this.#at < QUIET_MS) {
      this.#untold++;
      return;
    }
    const more = this.#untold === 0 ? "" : `, as were ${this.#untold} since the last report`;
    this.#at = now;
    this.#untold = 0;
    this.#fault(`${message}${more}`, undefined);
  }
}

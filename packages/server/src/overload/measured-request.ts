import type { Failure } from "@protobff/runtime/internal/failure";
import type { Shedding, ShedRpc } from "./shedding.ts";

/** Measures the wait of one request for its turn, and the time of its composition. */
export class MeasuredRequest {
  readonly #shedding: Shedding;
  readonly #rpc: ShedRpc;
  /** Since when it waits, and then since when it is composed. */
  #since = 0;
  #isComposed = false;

  constructor(shedding: Shedding, rpc: ShedRpc) {
    this.#shedding = shedding;
    this.#rpc = rpc;
  }
  /** Reports that it has arrived completely. */
  arrived(): void {
    this.#since = performance.now();
  }
  /** Returns its failure if it has waited too long. */
  refusal(): Failure | undefined {
    return this.#shedding.lateRefusal(this.#rpc, performance.now() - this.#since);
  }
  begun(): void {
    this.#since = performance.now();
    this.#isComposed = true;
    this.#shedding.begun();
  }
  /** Reports its end, composed or not; further reports have no effect. */
  ended(): void {
    if (!this.#isComposed) return;
    this.#isComposed = false;
    this.#shedding.ended(performance.now() - this.#since);
  }
}

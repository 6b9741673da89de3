import type { FastCall } from "./fast-call.ts";

/**
 * The calls under way. No Set: the table that V8 leaves behind each time one makes room points to the next, so that once one of them is
 * old, all calls that were under way then stay until a full collection, with all that they hold.
 */
export class OpenCalls {
  readonly #calls: FastCall[] = [];

  add(call: FastCall): void {
    call.slot = this.#calls.length;
    this.#calls.push(call);
  }
  delete(call: FastCall): void {
    if (this.#calls[call.slot] !== call) return;
    const last = this.#calls.pop();
    if (last === undefined || last === call) return;
    this.#calls[call.slot] = last;
    last.slot = call.slot;
  }
  /** As they are now. */
  all(): FastCall[] {
    return [...this.#calls];
  }
}

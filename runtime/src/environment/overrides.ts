// The two tables of operators that `BFF_OVERRIDES=true` reads: the denylist, and overrides of limits.
import type { Clock, Timer } from "../clock.ts";
import type { OverrideStore } from "../identity/denylist/deny-table.ts";
import { Denylist } from "../identity/denylist/denylist.ts";
import { LimitOverrides } from "../limits/overrides.ts";
import type { ServerFault } from "./server-fault.ts";

/** Interval between two readings, in milliseconds. */
const READ_MS = 5_000;
const AWAY = "the denylist and the overrides of limits cannot be read, and their last reading stays";

/** Denylist and limit overrides of a store, read anew every 5 s. */
export class Overrides {
  readonly denylist = new Denylist();
  readonly limits = new LimitOverrides((message, cause) => this.#fault?.(message, cause));
  readonly #store: OverrideStore;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #fault: ServerFault | undefined;
  #closed = false;

  private constructor(store: OverrideStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }
  /**
   * Reads both tables for the first time.
   *
   * @throws Error if the store cannot be read, or a table is too long
   */
  static async open(store: OverrideStore, clock: Clock): Promise<Overrides> {
    const overrides = new Overrides(store, clock);
    await store.openOverrides();
    await overrides.#read();
    return overrides;
  }
  /** Reads both tables again every 5 s. A reading that fails leaves the last one. */
  watch(fault: ServerFault): void {
    this.#fault = fault;
    this.#timer = this.#clock.setTimeout((overrides: Overrides) => void overrides.#renew(), READ_MS, this);
  }
  async #renew(): Promise<void> {
    try {
      await this.#read();
    } catch (error) {
      this.#fault?.(AWAY, error);
    }
    if (!this.#closed && this.#fault !== undefined) this.watch(this.#fault);
  }
  async #read(): Promise<void> {
    const second = Math.floor(this.#clock.date().getTime() / 1000);
    const limits = await this.#store.limitOverrides(second);
    this.denylist.replace(await this.#store.denials(second));
    this.limits.replace(limits);
  }
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    await this.#store.close();
  }
}

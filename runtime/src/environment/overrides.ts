// The two tables of operators that `BFF_OVERRIDES=true` reads: the denylist, and overrides of limits.
import type { Clock, Timer } from "../clock.ts";
import type { OverrideStore } from "../identity/denylist/deny-table.ts";
import { Denylist } from "../identity/denylist/denylist.ts";
import { LimitOverrides } from "../limits/overrides.ts";
import type { RateLimit } from "../limits/rate-limit.ts";
import { tame } from "./one-line.ts";
import type { ServerFault } from "./server-fault.ts";

/** Interval between two readings, in milliseconds. */
const READ_MS = 5_000;
const AWAY = "the denylist and the overrides of limits cannot be read, and their last reading stays";

type DeclaredLimits = readonly Pick<RateLimit, "package" | "name">[];

/** Denylist and limit overrides of a store. Every 5 s they are read anew if they have changed. */
export class Overrides {
  readonly denylist = new Denylist();
  readonly limits = new LimitOverrides((message, cause) => this.#fault?.(message, cause));
  readonly #store: OverrideStore;
  readonly #clock: Clock;
  /** Version of the tables at the last reading, and the second at which an entry of it ends. */
  #version: string | undefined;
  #endsAt = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;
  #fault: ServerFault | undefined;
  #closed = false;

  readonly #declared: DeclaredLimits;
  /** Unknown limits of which the log has a line. */
  readonly #reported = new Set<string>();

  private constructor(store: OverrideStore, clock: Clock, declared: DeclaredLimits) {
    this.#store = store;
    this.#clock = clock;
    this.#declared = declared;
  }
  /**
   * Reads both tables for the first time.
   *
   * @param declared limits of the server
   * @throws Error if the store cannot be read, or a table is too long
   */
  static async open(store: OverrideStore, clock: Clock, declared: DeclaredLimits = []): Promise<Overrides> {
    const overrides = new Overrides(store, clock, declared);
    await store.openOverrides();
    await overrides.#read();
    return overrides;
  }
  /** Reads both tables again every 5 s. A reading that fails leaves the last one. */
  watch(fault: ServerFault): void {
    this.#fault = fault;
    this.#reportUnknown(fault);
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
    const version = await this.#store.overridesVersion();
    // Reading 100,000 entries takes most of a second.
    if (version === this.#version && second < this.#endsAt) return;
    const limits = await this.#store.limitOverrides(second);
    const denials = await this.#store.denials(second);
    this.denylist.replace(denials);
    this.limits.replace(limits);
    this.#version = version;
    this.#endsAt = Number.POSITIVE_INFINITY;
    for (const { until = this.#endsAt } of [...denials, ...limits]) this.#endsAt = Math.min(this.#endsAt, until);
  }
  /** Reports overrides of limits that a package of this server does not have. Other packages may be those of others. */
  #reportUnknown(fault: ServerFault): void {
    const names = this.#declared.map(({ package: of, name }) => `${of}/${name}`);
    for (const override of this.limits.names) {
      const siblings = names.filter((name) => name.startsWith(override.slice(0, override.indexOf("/") + 1)));
      if (siblings.length === 0 || names.includes(override) || this.#reported.has(override)) continue;
      this.#reported.add(override);
      fault(`the override of the limit ${tame(override)} has no effect: limits are ${siblings.join(", ")}`, undefined);
    }
  }
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    await this.#store.close();
  }
}

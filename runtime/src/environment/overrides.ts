// The tables of operators in the store of API keys: the denylist, and overrides of limits.
import type { Clock, Timer } from "../clock.ts";
import type { OverrideStore } from "../identity/denylist/deny-table.ts";
import { Denylist } from "../identity/denylist/denylist.ts";
import { ANNOUNCE_S, LIVE_S, type LiveServer } from "../identity/denylist/server-table.ts";
import type { SkippedRow } from "../identity/denylist/table-rows.ts";
import { LimitOverrides } from "../limits/overrides.ts";
import { tame } from "./one-line.ts";
import type { ServerFault } from "./server-fault.ts";

/** Interval between two readings, in milliseconds. */
const READ_MS = 5_000;
const FAULTS = {
  prepare: "the tables of operators cannot be created",
  deny: "the denylist cannot be read, and its last reading stays",
  limits: "the overrides of limits cannot be read, and their last reading stays",
  announce: "the table bff_servers cannot be written, so bff-key does not know this server",
  row: "a row of the operators' tables does not apply",
} as const;

/** The tables of operators. A faulty one does not stop the other. */
export const OPERATOR_TABLES = ["bff_deny", "bff_limit_override"] as const;
type OperatorTable = (typeof OPERATOR_TABLES)[number];

/** The server, as `bff_servers` has it. */
export type ServerFacts = Pick<LiveServer, "id" | "name" | "version" | "sources" | "limits">;

interface Timed {
  readonly until: number | undefined;
}

/** Denylist and limit overrides of a store. Every 5 s they are read anew if they have changed. */
export class Overrides {
  readonly denylist = Denylist.unread();
  readonly limits = new LimitOverrides((message, cause) => this.#report(message, cause));
  /** Resolves after the first reading of the denylist. */
  readonly opened: Promise<void>;
  readonly #store: OverrideStore;
  readonly #clock: Clock;
  readonly #server: ServerFacts | undefined;
  readonly #open: () => void;
  /** Version of the tables at the last reading, and the second at which an entry of it ends. */
  #version: string | undefined;
  #endsAt = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;
  #fault: ServerFault | undefined;
  /** Faults before `watch`. */
  readonly #early: (readonly [string, unknown])[] = [];
  #prepared = false;
  /** True if the last reading was complete. */
  #applied = false;
  #announcedAt = Number.NEGATIVE_INFINITY;
  #closed = false;
  #renewing: Promise<void> | undefined;
  /** Rows that do not apply, by table. */
  readonly #faulty = new Map<OperatorTable, readonly string[]>();
  /** Rows and unknown limits of which the log has a line. */
  #reported: ReadonlySet<string> = new Set();
  readonly #unknown = new Set<string>();

  private constructor(store: OverrideStore, clock: Clock, server: ServerFacts | undefined) {
    this.#store = store;
    this.#clock = clock;
    this.#server = server;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.opened = promise;
    this.#open = resolve;
  }
  /**
   * Reads both tables for the first time. If the store is away, the denylist stays unread, and refuses every request.
   *
   * @param server facts for `bff_servers`; undefined: it is not reported there
   */
  static async open(store: OverrideStore, clock: Clock, server?: ServerFacts): Promise<Overrides> {
    const overrides = new Overrides(store, clock, server);
    await overrides.#read();
    return overrides;
  }
  /** Reads both tables again every 5 s. A reading that fails leaves the last one. */
  watch(fault: ServerFault): void {
    this.#fault = fault;
    for (const [message, cause] of this.#early.splice(0)) fault(message, cause);
    this.#reportUnknown();
    this.#renewing = this.#announce();
    this.#wait();
  }
  #wait(): void {
    this.#timer = this.#clock.setTimeout((overrides: Overrides) => overrides.#renew(), READ_MS, this);
  }
  #renew(): void {
    this.#renewing = this.#read().then(async () => {
      this.#reportUnknown();
      await this.#announce();
      if (!this.#closed) this.#wait();
    });
  }
  #report(message: string, cause: unknown): void {
    if (this.#fault === undefined) this.#early.push([message, cause]);
    else this.#fault(message, cause);
  }
  /** Never rejects. */
  async #read(): Promise<void> {
    await this.#prepare();
    const second = Math.floor(this.#clock.date().getTime() / 1000);
    const version = await this.#currentVersion();
    // Reading 100,000 entries takes most of a second.
    if (version !== undefined && version === this.#version && second < this.#endsAt) return;
    const ends = [Number.POSITIVE_INFINITY];
    const denied = await this.#readTable("bff_deny", FAULTS.deny, ends, {
      read: (skipped) => this.#store.denials(second, skipped),
      apply: (rows) => this.denylist.replace(rows),
    });
    if (denied) this.#open();
    const limited = await this.#readTable("bff_limit_override", FAULTS.limits, ends, {
      read: (skipped) => this.#store.limitOverrides(second, skipped),
      apply: (rows) => this.limits.replace(rows),
    });
    this.#reportRows();
    this.#applied = denied && limited;
    if (!this.#applied) this.#prepared = false;
    this.#version = this.#applied ? version : undefined;
    this.#endsAt = Math.min(...ends);
  }
  /** Creates tables that do not exist. A server without the right to do that reads them as empty. */
  async #prepare(): Promise<void> {
    if (this.#prepared) return;
    this.#prepared = true;
    try {
      await this.#store.openOverrides();
    } catch (error) {
      this.#report(FAULTS.prepare, error);
    }
  }
  /** Returns undefined if the version cannot be read: the tables are then read without it. */
  async #currentVersion(): Promise<string | undefined> {
    try {
      return await this.#store.overridesVersion();
    } catch {
      return undefined;
    }
  }
  async #readTable<Row extends Timed>(
    table: OperatorTable,
    fault: string,
    ends: number[],
    parts: {
      readonly read: (skipped: SkippedRow) => readonly Row[] | Promise<readonly Row[]>;
      readonly apply: (rows: readonly Row[]) => readonly string[];
    },
  ): Promise<boolean> {
    try {
      const faulty: string[] = [];
      const rows = await parts.read((row) => faulty.push(row));
      this.#faulty.set(table, [...faulty, ...parts.apply(rows)]);
      ends.push(rows.reduce((least, { until = least }) => Math.min(least, until), Number.POSITIVE_INFINITY));
      return true;
    } catch (error) {
      this.#report(fault, error);
      return false;
    }
  }
  /** Number of rows that do not apply, by table. */
  get faultyRows(): readonly (readonly [OperatorTable, number])[] {
    return OPERATOR_TABLES.map((table) => [table, this.#faulty.get(table)?.length ?? 0]);
  }
  #reportRows(): void {
    const faulty = [...this.#faulty.values()].flat();
    for (const row of faulty) if (!this.#reported.has(row)) this.#report(`${FAULTS.row} (${tame(row)})`, undefined);
    this.#reported = new Set(faulty);
  }
  /** Reports overrides of limits that a package of this server does not have. Other packages may be those of others. */
  #reportUnknown(): void {
    const names = this.#server?.limits ?? [];
    for (const override of this.limits.names) {
      const siblings = names.filter((name) => name.startsWith(override.slice(0, override.indexOf("/") + 1)));
      if (siblings.length === 0 || names.includes(override) || this.#unknown.has(override)) continue;
      this.#unknown.add(override);
      const known = siblings.join(", ");
      this.#report(`the override of the limit ${tame(override)} has no effect: limits are ${known}`, undefined);
    }
  }
  /** Writes that this server applies the last reading. A server that cannot read is not live. Never rejects. */
  async #announce(): Promise<void> {
    const seen = Math.floor(this.#clock.date().getTime() / 1000);
    if (this.#server === undefined || !this.#applied || seen < this.#announcedAt + ANNOUNCE_S) return;
    const isFirst = this.#announcedAt === Number.NEGATIVE_INFINITY;
    this.#announcedAt = seen;
    try {
      if (isFirst) await this.#store.withdraw(this.#server.id, seen - LIVE_S);
      await this.#store.announce({ ...this.#server, seen });
    } catch (error) {
      this.#prepared = false;
      this.#report(FAULTS.announce, error);
    }
  }
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    await this.#renewing;
    try {
      if (this.#server !== undefined) await this.#store.withdraw(this.#server.id, 0);
    } catch {
      // Its row is no longer live after 150 s.
    }
    await this.#store.close();
  }
}

import { closeSync, openSync } from "node:fs";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { endOf } from "./calendar.ts";
import { MAX_TICKS } from "./local-counters.ts";
import { CREATE_TABLE, idOf } from "./quota-table.ts";
import type { CalendarUnit, Charge, Counter } from "./rate-limit.ts";
import type { Answer, SharedCounters } from "./shared-counters.ts";

/** Maximum wait for another process that writes, in milliseconds: the process is blocked meanwhile. */
const BUSY_MS = 20;
/** Deletion of ended quotas: number of rows at a time, and interval in microseconds. */
const SWEPT = 500;
const SWEEP_MICROS = 60_000_000;

const FIND = "select ends, used from bff_quota where counter = ?";
const PUT = `insert into bff_quota (counter, ends, used) values (?1, ?2, ?3)
on conflict (counter) do update set ends = ?2, used = ?3`;
const SWEEP = `delete from bff_quota where counter in (select counter from bff_quota where ends <= ? limit ${SWEPT})`;

/**
 * Calendar quotas in a file of SQLite, which any number of processes of one machine may open. Its clock is the
 * machine's.
 */
export class SqliteQuotas implements SharedCounters {
  readonly #database: DatabaseSync;
  readonly #now: () => number;
  readonly #find: StatementSync;
  readonly #put: StatementSync;
  readonly #sweep: StatementSync;
  #swept = 0;

  private constructor(database: DatabaseSync, now: () => number) {
    this.#database = database;
    this.#now = now;
    // Readers do not wait for writers. A crash of the machine may lose the last charges.
    database.exec("pragma journal_mode = wal; pragma synchronous = normal");
    database.exec(CREATE_TABLE);
    this.#find = database.prepare(FIND);
    this.#put = database.prepare(PUT);
    this.#sweep = database.prepare(SWEEP);
  }

  /**
   * Opens or creates the file, with its table.
   *
   * @param now returns microseconds since 1970
   * @throws Error if the file cannot be used
   */
  static async at(path: string, now = (): number => Date.now() * 1000): Promise<SqliteQuotas> {
    const { DatabaseSync } = await import("node:sqlite");
    // For this user alone: SQLite gives the files beside it the same mode.
    closeSync(openSync(path, "a", 0o600));
    const database = new DatabaseSync(path, { timeout: BUSY_MS });
    try {
      return new SqliteQuotas(database, now);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  async charge(charges: readonly Charge[]): Promise<Answer> {
    return this.#transaction((at) => {
      const found = charges.map(({ counter, key }) => this.#level(counter, key, at));
      const standings = charges.map(({ counter, cost }, i) => {
        const { ends = at, used = 0 } = found[i] ?? {};
        const wait = used + cost > counter.full ? ends - at : 0;
        return { wait, left: Math.max(0, counter.full - used) };
      });
      if (standings.some(({ wait }) => wait > 0)) return { standings };
      for (const [i, { counter, key, cost }] of charges.entries()) {
        const { ends = at, used = 0 } = found[i] ?? {};
        this.#put.run(idOf(counter, key), ends, used + cost);
      }
      if (at - this.#swept >= SWEEP_MICROS) {
        this.#swept = at;
        this.#sweep.run(at);
      }
      return { at };
    });
  }
  async add(counter: Counter, key: string, units: number, since: number): Promise<void> {
    this.#transaction((at) => {
      const { ends, used } = this.#level(counter, key, at);
      if (units < 0 && endOf(unitOf(counter), since) !== ends) return;
      this.#put.run(idOf(counter, key), ends, Math.max(0, Math.min(MAX_TICKS, used + units)));
    });
  }
  close(): void {
    this.#database.close();
  }

  /** Another process may be ahead of this one's clock: a calendar unit that it has begun counts. */
  #level(counter: Counter, key: string, at: number): { readonly ends: number; readonly used: number } {
    const ends = endOf(unitOf(counter), at);
    const row = this.#find.get(idOf(counter, key));
    if (row === undefined || Number(row.ends) < ends) return { ends, used: 0 };
    return { ends: Number(row.ends), used: Number(row.used) };
  }
  #transaction<T>(run: (at: number) => T): T {
    this.#database.exec("begin immediate");
    try {
      const result = run(this.#now());
      this.#database.exec("commit");
      return result;
    } catch (error) {
      this.#database.exec("rollback");
      throw error;
    }
  }
}

function unitOf({ unit, id }: Counter): CalendarUnit {
  if (unit === "") throw new TypeError(`the limit ${id} is of no calendar unit`);
  return unit;
}

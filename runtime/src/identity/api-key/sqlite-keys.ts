import { closeSync, openSync } from "node:fs";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import {
  ALLOW,
  CREATE_DENIALS,
  CREATE_OVERRIDES,
  DENIAL_ROWS,
  DENIALS,
  DENY,
  type Denial,
  type DenialKind,
  END_OVERRIDE,
  OVERRIDE,
  OVERRIDE_ROWS,
  OVERRIDES,
  type OverrideStore,
  type TimedOverride,
} from "../denylist/deny-table.ts";
import {
  ANNOUNCE,
  CREATE_SERVERS,
  type LiveServer,
  SERVER_ROWS,
  SERVERS,
  valuesOfServer,
  WITHDRAW,
} from "../denylist/server-table.ts";
import { readRows, type SkippedRow } from "../denylist/table-rows.ts";
import type { KeyStore, KeyUse, StoredKey } from "./key-store.ts";
import { ADD, CREATE_TABLE, FIND, FIND_ID, hashOf, keyOf, LIST, REVOKE, USED, valuesOf } from "./key-table.ts";

/** Time limit to wait for another process that writes, in milliseconds. The process is blocked meanwhile. */
const BUSY_MS = 250;

/** Differs after each commit of another connection. Servers do not write the tables of operators. */
const VERSION = "pragma data_version";

/** Keys in an SQLite file, which several processes of one machine may open. */
export class SqliteKeys implements KeyStore, OverrideStore {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #isOpen = false;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * Opens or creates the file, with its table.
   *
   * @throws Error if it cannot be used
   */
  static async at(path: string): Promise<SqliteKeys> {
    const { DatabaseSync } = await import("node:sqlite");
    // Only the owner may read the file. SQLite gives the files beside it the same mode.
    closeSync(openSync(path, "a", 0o600));
    const database = new DatabaseSync(path, { timeout: BUSY_MS });
    try {
      const keys = new SqliteKeys(database);
      keys.open();
      return keys;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  open(): void {
    if (this.#isOpen) return;
    // Readers do not wait for writers. A crash of the machine can lose only the times of last use.
    this.#database.exec("pragma journal_mode = wal; pragma synchronous = normal");
    this.#database.exec(CREATE_TABLE);
    this.#isOpen = true;
  }
  find(digest: string): StoredKey | undefined {
    return this.#queryKey(FIND, hashOf(digest));
  }
  used(uses: readonly KeyUse[]): void {
    this.#database.exec("begin immediate");
    try {
      for (const { digest, second } of uses) this.#statement(USED).run(hashOf(digest), second);
      this.#database.exec("commit");
    } catch (error) {
      this.#database.exec("rollback");
      throw error;
    }
  }
  add(digest: string, key: StoredKey): void {
    this.#statement(ADD).run(...valuesOf(digest, key));
  }
  revoke(id: string, second: number): StoredKey | undefined {
    const before = this.#queryKey(FIND_ID, id);
    this.#statement(REVOKE).run(id, second);
    return before;
  }
  list(): readonly StoredKey[] {
    return this.#statement(LIST).all().map(keyOf);
  }
  openOverrides(): void {
    for (const create of [CREATE_DENIALS, CREATE_OVERRIDES, CREATE_SERVERS]) this.#database.exec(create);
  }
  overridesVersion(): string {
    return String(this.#statement(VERSION).get()?.data_version);
  }
  denials(second: number, skipped?: SkippedRow): readonly Denial[] {
    return readRows(this.#statement(DENIALS).all(second), DENIAL_ROWS, skipped);
  }
  deny({ kind, value, until, why }: Denial): void {
    this.#statement(DENY).run(kind, value, until ?? null, why);
  }
  allow(kind: DenialKind, value: string): boolean {
    return this.#statement(ALLOW).run(kind, value).changes > 0;
  }
  limitOverrides(second: number, skipped?: SkippedRow): readonly TimedOverride[] {
    return readRows(this.#statement(OVERRIDES).all(second), OVERRIDE_ROWS, skipped);
  }
  overrideLimit({ limit, key, rate, burst, until }: TimedOverride): void {
    this.#statement(OVERRIDE).run(limit, key, rate, burst ?? null, until ?? null);
  }
  endOverride(limit: string, key: string): boolean {
    return this.#statement(END_OVERRIDE).run(limit, key).changes > 0;
  }
  announce(server: LiveServer): void {
    this.#statement(ANNOUNCE).run(...valuesOfServer(server));
  }
  withdraw(id: string, before: number): void {
    this.#statement(WITHDRAW).run(id, before);
  }
  servers(since: number): readonly LiveServer[] {
    return readRows(this.#statement(SERVERS).all(since), SERVER_ROWS);
  }
  close(): void {
    this.#database.close();
  }

  #queryKey(sql: string, value: Buffer | string): StoredKey | undefined {
    const row = this.#statement(sql).get(value);
    return row === undefined ? undefined : keyOf(row);
  }
  /** Returns a statement that reads whole numbers as bigints: one above 2^53 would fail the whole reading. */
  #statement(sql: string): StatementSync {
    const prepared = this.#statements.get(sql);
    if (prepared !== undefined) return prepared;
    const statement = this.#database.prepare(sql.replaceAll("$", "?"));
    statement.setReadBigInts(true);
    this.#statements.set(sql, statement);
    return statement;
  }
}

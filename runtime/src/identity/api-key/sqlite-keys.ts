import { closeSync, openSync } from "node:fs";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import {
  ALLOW,
  CREATE_DENIALS,
  CREATE_OVERRIDES,
  DENIALS,
  DENY,
  type Denial,
  type DenialKind,
  denialOf,
  END_OVERRIDE,
  OVERRIDE,
  OVERRIDES,
  type OverrideStore,
  overrideOf,
  type TimedOverride,
} from "../denylist/deny-table.ts";
import type { KeyStore, KeyUse, StoredKey } from "./key-store.ts";
import { ADD, CREATE_TABLE, FIND, FIND_ID, hashOf, keyOf, LIST, REVOKE, USED, valuesOf } from "./key-table.ts";

/** Time limit to wait for another process that writes, in milliseconds. The process is blocked meanwhile. */
const BUSY_MS = 250;

/** Differs after each commit of another connection. Servers do not write the tables of operators. */
const VERSION = "pragma data_version";

/** Keys in an SQLite file, which several processes of one machine may open. */
export class SqliteKeys implements KeyStore, OverrideStore {
  readonly #database: DatabaseSync;
  #statements: ReadonlyMap<string, StatementSync> = new Map();

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
    if (this.#statements.size > 0) return;
    // Readers do not wait for writers. A crash of the machine can lose only the times of last use.
    this.#database.exec("pragma journal_mode = wal; pragma synchronous = normal");
    this.#database.exec(CREATE_TABLE);
    const all = [FIND, FIND_ID, LIST, ADD, REVOKE, USED];
    this.#statements = new Map(all.map((sql) => [sql, this.#prepared(sql)]));
  }
  #prepared(sql: string): StatementSync {
    return this.#database.prepare(sql.replaceAll("$", "?"));
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
    this.#database.exec(CREATE_DENIALS);
    this.#database.exec(CREATE_OVERRIDES);
    const all = [VERSION, DENIALS, DENY, ALLOW, OVERRIDES, OVERRIDE, END_OVERRIDE].map(
      (sql) => [sql, this.#prepared(sql)] as const,
    );
    this.#statements = new Map([...this.#statements, ...all]);
  }
  overridesVersion(): string {
    return JSON.stringify(this.#statement(VERSION).get());
  }
  denials(second: number): readonly Denial[] {
    return this.#statement(DENIALS).all(second).map(denialOf);
  }
  deny({ kind, value, until, why }: Denial): void {
    this.#statement(DENY).run(kind, value, until ?? null, why);
  }
  allow(kind: DenialKind, value: string): boolean {
    return this.#statement(ALLOW).run(kind, value).changes > 0;
  }
  limitOverrides(second: number): readonly TimedOverride[] {
    return this.#statement(OVERRIDES).all(second).map(overrideOf);
  }
  overrideLimit({ limit, key, rate, burst, until }: TimedOverride): void {
    this.#statement(OVERRIDE).run(limit, key, rate, burst ?? null, until ?? null);
  }
  endOverride(limit: string, key: string): boolean {
    return this.#statement(END_OVERRIDE).run(limit, key).changes > 0;
  }
  close(): void {
    this.#database.close();
  }

  #queryKey(sql: string, value: Buffer | string): StoredKey | undefined {
    const row = this.#statement(sql).get(value);
    return row === undefined ? undefined : keyOf(row);
  }
  #statement(sql: string): StatementSync {
    const statement = this.#statements.get(sql);
    if (statement === undefined) throw new Error("the store is not open");
    return statement;
  }
}

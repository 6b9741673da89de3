import { isOfNoTable, Postgres } from "../../postgres.ts";
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
  LOOK_DENIALS,
  LOOK_OVERRIDES,
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
  LOOK_SERVERS,
  SERVER_ROWS,
  SERVERS,
  valuesOfServer,
  WITHDRAW,
} from "../denylist/server-table.ts";
import { readRows, type SkippedRow } from "../denylist/table-rows.ts";
import type { KeyStore, KeyUse, StoredKey } from "./key-store.ts";
import { ADD, CREATE_TABLE, FIND, FIND_ID, hashOf, type KeyRow, keyOf, LIST, REVOKE, valuesOf } from "./key-table.ts";

/** Maximum number of connections. */
const MAX_CONNECTIONS = 4;

const LOOK = "select 1 from bff_api_key limit 0";
const USED = `
update bff_api_key set last_used_at = u.second
from unnest($1::bytea[], $2::bigint[]) as u (hash, second)
where bff_api_key.hash = u.hash and (last_used_at is null or last_used_at < u.second)`;

/** Each change of a row gives it the number of a later transaction. */
const VERSION = `
select count(*) as rows, sum(xmin::text::bigint) as changes from bff_deny
union all select count(*), sum(xmin::text::bigint) from bff_limit_override`;

/** Keys in PostgreSQL. */
export class PostgresKeys implements KeyStore, OverrideStore {
  readonly #postgres: Postgres;

  private constructor(postgres: Postgres) {
    this.#postgres = postgres;
  }

  /**
   * Returns a store that connects at its first query.
   *
   * @param url `postgres://user:password@host:5432/database`, as pg takes it
   * @throws if pg is not installed
   */
  static async at(url: string): Promise<PostgresKeys> {
    return new PostgresKeys(await Postgres.at(url, MAX_CONNECTIONS));
  }

  /** Opens the store. If the table exists, a role without the right to create tables suffices. */
  async open(): Promise<void> {
    await this.#postgres.openTable(LOOK, CREATE_TABLE);
  }
  async find(digest: string): Promise<StoredKey | undefined> {
    return this.#queryKey(FIND, [hashOf(digest)]);
  }
  async used(uses: readonly KeyUse[]): Promise<void> {
    await this.#query(USED, [uses.map(({ digest }) => hashOf(digest)), uses.map(({ second }) => second)]);
  }
  async add(digest: string, key: StoredKey): Promise<void> {
    await this.#query(ADD, valuesOf(digest, key));
  }
  async revoke(id: string, second: number): Promise<StoredKey | undefined> {
    const before = await this.#queryKey(FIND_ID, [id]);
    await this.#query(REVOKE, [id, second]);
    return before;
  }
  async list(): Promise<readonly StoredKey[]> {
    const { rows } = await this.#query(LIST, []);
    return rows.map(keyOf);
  }
  async openOverrides(): Promise<void> {
    await this.#postgres.openTable(LOOK_DENIALS, CREATE_DENIALS);
    await this.#postgres.openTable(LOOK_OVERRIDES, CREATE_OVERRIDES);
    await this.#postgres.openTable(LOOK_SERVERS, CREATE_SERVERS);
  }
  async overridesVersion(): Promise<string> {
    const { rows } = await this.#query(VERSION, []);
    return JSON.stringify(rows);
  }
  async denials(second: number, skipped?: SkippedRow): Promise<readonly Denial[]> {
    return readRows(await this.#existing(DENIALS, second), DENIAL_ROWS, skipped);
  }
  async deny({ kind, value, until, why }: Denial): Promise<void> {
    await this.#query(DENY, [kind, value, until ?? null, why]);
  }
  async allow(kind: DenialKind, value: string): Promise<boolean> {
    const { rows } = await this.#query(`${ALLOW} returning kind`, [kind, value]);
    return rows.length > 0;
  }
  async limitOverrides(second: number, skipped?: SkippedRow): Promise<readonly TimedOverride[]> {
    return readRows(await this.#existing(OVERRIDES, second), OVERRIDE_ROWS, skipped);
  }
  async overrideLimit({ limit, key, rate, burst, until }: TimedOverride): Promise<void> {
    await this.#query(OVERRIDE, [limit, key, rate, burst ?? null, until ?? null]);
  }
  async endOverride(limit: string, key: string): Promise<boolean> {
    const { rows } = await this.#query(`${END_OVERRIDE} returning key`, [limit, key]);
    return rows.length > 0;
  }
  async announce(server: LiveServer): Promise<void> {
    await this.#query(ANNOUNCE, valuesOfServer(server));
  }
  async withdraw(id: string, before: number): Promise<void> {
    await this.#query(WITHDRAW, [id, before]);
  }
  async servers(since: number): Promise<readonly LiveServer[]> {
    return readRows(await this.#existing(SERVERS, since), SERVER_ROWS);
  }
  async close(): Promise<void> {
    await this.#postgres.end();
  }

  /** Returns the rows of a table. A server may lack the right to create it, and then it is empty. */
  async #existing(sql: string, second: number): Promise<readonly KeyRow[]> {
    try {
      return (await this.#query(sql, [second])).rows;
    } catch (error) {
      if (isOfNoTable(error)) return [];
      throw error;
    }
  }

  async #queryKey(sql: string, values: unknown[]): Promise<StoredKey | undefined> {
    const { rows } = await this.#query(sql, values);
    return rows[0] === undefined ? undefined : keyOf(rows[0]);
  }
  /** Runs a statement, prepared once for each connection. */
  async #query(text: string, values: unknown[]): Promise<{ readonly rows: KeyRow[] }> {
    return (await this.#postgres.query(text, values, NAMES.get(text))) as { readonly rows: KeyRow[] };
  }
}

const NAMES: ReadonlyMap<string, string> = new Map(
  [FIND, FIND_ID, LIST, ADD, REVOKE, USED].map((text, at) => [text, `bff_key_${at}`]),
);

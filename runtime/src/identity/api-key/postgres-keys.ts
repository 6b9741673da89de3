import type { KeyStore, KeyUse, StoredKey } from "./key-store.ts";
import { ADD, CREATE_TABLE, FIND, FIND_ID, hashOf, type KeyRow, keyOf, LIST, REVOKE, valuesOf } from "./key-table.ts";

/** Connections at once, and how many wait for one. */
const MAX_CONNECTIONS = 4;
const MAX_WAITING = 256;
/** To connect, and for a statement, in milliseconds. */
const TIMEOUT_MS = 2_000;

const LOOK = "select 1 from bff_api_key limit 0";
const USED = `
update bff_api_key set last_used_at = u.second
from unnest($1::bytea[], $2::bigint[]) as u (hash, second)
where bff_api_key.hash = u.hash and (last_used_at is null or last_used_at < u.second)`;

/** Codes of PostgreSQL: there is no such table; there is one by now, its type or its row in a catalog, since another process was faster. */
const NO_TABLE = "42P01";
const FASTER: readonly unknown[] = ["42P07", "42710", "23505"];

/** What is used of pg's Pool, an optional peer. */
interface Pool {
  readonly waitingCount: number;
  query(query: { readonly name?: string; readonly text: string; readonly values?: unknown[] }): Promise<{
    readonly rows: KeyRow[];
  }>;
  end(): Promise<void>;
}

/** Keys in PostgreSQL. */
export class PostgresKeys implements KeyStore {
  readonly #pool: Pool;

  private constructor(pool: Pool) {
    this.#pool = pool;
  }

  /**
   * Connects when it is first asked.
   *
   * @param url `postgres://user:password@host:5432/database`, as pg takes it
   * @throws where pg is not installed
   */
  static async at(url: string): Promise<PostgresKeys> {
    const { default: pg } = await import("pg");
    const pool = new pg.Pool({
      connectionString: url,
      max: MAX_CONNECTIONS,
      application_name: "bff",
      keepAlive: true,
      connectionTimeoutMillis: TIMEOUT_MS,
      statement_timeout: TIMEOUT_MS,
      query_timeout: TIMEOUT_MS,
    });
    // Of connections that nobody uses: whoever needs one next gets another.
    pool.on("error", () => {});
    return new PostgresKeys(pool);
  }

  /** A role that may not create tables will do where there is one. */
  async open(): Promise<void> {
    try {
      await this.#query(LOOK, []);
    } catch (error) {
      if (codeOf(error) !== NO_TABLE) throw error;
      await this.#query(CREATE_TABLE, []).catch((failed: unknown) => {
        if (!FASTER.includes(codeOf(failed))) throw failed;
      });
      await this.#query(LOOK, []);
    }
  }
  async find(digest: string): Promise<StoredKey | undefined> {
    return this.#one(FIND, [hashOf(digest)]);
  }
  async used(uses: readonly KeyUse[]): Promise<void> {
    await this.#query(USED, [uses.map(({ digest }) => hashOf(digest)), uses.map(({ second }) => second)]);
  }
  async add(digest: string, key: StoredKey): Promise<void> {
    await this.#query(ADD, valuesOf(digest, key));
  }
  async revoke(id: string, second: number): Promise<StoredKey | undefined> {
    const before = await this.#one(FIND_ID, [id]);
    await this.#query(REVOKE, [id, second]);
    return before;
  }
  async list(): Promise<readonly StoredKey[]> {
    const { rows } = await this.#query(LIST, []);
    return rows.map(keyOf);
  }
  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #one(sql: string, values: unknown[]): Promise<StoredKey | undefined> {
    const { rows } = await this.#query(sql, values);
    return rows[0] === undefined ? undefined : keyOf(rows[0]);
  }
  /** Prepared once for each connection. */
  async #query(text: string, values: unknown[]): Promise<{ readonly rows: KeyRow[] }> {
    if (this.#pool.waitingCount >= MAX_WAITING) throw new Error("too many wait for a connection");
    return this.#pool.query({ name: NAMES.get(text) ?? "", text, values });
  }
}

const NAMES: ReadonlyMap<string, string> = new Map(
  [FIND, FIND_ID, LIST, ADD, REVOKE, USED].map((text, at) => [text, `bff_key_${at}`]),
);

function codeOf(error: unknown): unknown {
  return error instanceof Error ? (error as { readonly code?: unknown }).code : undefined;
}

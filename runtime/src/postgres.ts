// Statements and tables in PostgreSQL, for stores of the runtime.

const MAX_WAITING = 256;
/** Time limit for a connection and for a statement, in milliseconds. */
const TIMEOUT_MS = 2_000;
/**
 * PostgreSQL error codes for a table that does not exist, and for an object that another process has just created. The
 * latter may be the table, its type or its row in a catalog.
 */
const NO_TABLE = "42P01";
const FASTER: readonly unknown[] = ["42P07", "42710", "23505"];

type Row = Readonly<Record<string, unknown>>;
/** The part of pg's Pool that is used. pg is an optional peer dependency. */
interface Pool {
  readonly waitingCount: number;
  query(query: { readonly name?: string; readonly text: string; readonly values?: unknown[] }): Promise<{
    readonly rows: Row[];
  }>;
  end(): Promise<void>;
}

/** Connections that open at the first statement. */
export class Postgres {
  readonly #pool: Pool;

  private constructor(pool: Pool) {
    this.#pool = pool;
  }

  /**
   * @param url `postgres://user:password@host:5432/database`, as pg takes it
   * @param maxConnections maximum number of connections
   * @throws if pg is not installed
   */
  static async at(url: string, maxConnections: number): Promise<Postgres> {
    const { default: pg } = await import("pg");
    const pool = new pg.Pool({
      connectionString: url,
      max: maxConnections,
      application_name: "bff",
      keepAlive: true,
      connectionTimeoutMillis: TIMEOUT_MS,
      statement_timeout: TIMEOUT_MS,
      query_timeout: TIMEOUT_MS,
    });
    // Errors of idle connections are ignored: the next query receives another connection.
    pool.on("error", () => {});
    return new Postgres(pool);
  }

  /** Creates a table that does not exist. If it exists, a role without the right to create tables suffices. */
  async openTable(look: string, create: string): Promise<void> {
    try {
      await this.query(look, []);
    } catch (error) {
      if (!isOfNoTable(error)) throw error;
      await this.query(create, []).catch((failed: unknown) => {
        if (!FASTER.includes(codeOf(failed))) throw failed;
      });
      await this.query(look, []);
    }
  }
  /** @param name prepares the statement once for each connection; "" prepares nothing */
  async query(text: string, values: unknown[], name = ""): Promise<{ readonly rows: Row[] }> {
    if (this.#pool.waitingCount >= MAX_WAITING) throw new Error("too many wait for a connection");
    return this.#pool.query({ name, text, values });
  }
  async end(): Promise<void> {
    await this.#pool.end();
  }
}

/** Returns true for the error of a statement whose table does not exist. */
export const isOfNoTable = (error: unknown): boolean => codeOf(error) === NO_TABLE;
function codeOf(error: unknown): unknown {
  return error instanceof Error ? (error as { readonly code?: unknown }).code : undefined;
}

import type { OverrideStore } from "../denylist/deny-table.ts";
import type { Settings } from "../settings.ts";
import type { KeyStore } from "./key-store.ts";

/** Store of keys, of the denylist and of overrides of limits. */
export type AdminStore = KeyStore & OverrideStore;

/**
 * Returns the store that the environment configures: PostgreSQL by DATABASE_URL, else SQLite by BFF_STORE_FILE. A file
 * is opened at once, a database at its first query.
 *
 * @param whom it is for, in faults
 * @returns undefined if a fault was reported
 */
export async function readKeyStore(settings: Settings, whom: string): Promise<AdminStore | undefined> {
  const url = settings.optional("DATABASE_URL");
  if (url !== undefined) return readPostgres(url, settings, whom);
  const path = settings.optional("BFF_STORE_FILE");
  const remedy = "the path of a file for SQLite, or set DATABASE_URL";
  if (path === undefined) {
    settings.fault("BFF_STORE_FILE", `is not set, nor is DATABASE_URL, and ${whom} needs one`, remedy);
    return undefined;
  }
  try {
    const { SqliteKeys } = await import("./sqlite-keys.ts");
    return await SqliteKeys.at(path);
  } catch (error) {
    settings.fault("BFF_STORE_FILE", `cannot be used (${error instanceof Error ? error.message : error})`, remedy);
    return undefined;
  }
}

async function readPostgres(url: string, settings: Settings, whom: string): Promise<AdminStore | undefined> {
  // The value is not repeated, because it may contain a password.
  const { protocol } = URL.parse(url) ?? {};
  if (protocol !== "postgres:" && protocol !== "postgresql:") {
    const remedy = "an address like postgres://user:password@127.0.0.1:5432/bff, or unset it";
    settings.fault("DATABASE_URL", "is no address with postgres://", remedy);
    return undefined;
  }
  try {
    const { PostgresKeys } = await import("./postgres-keys.ts");
    return await PostgresKeys.at(url);
  } catch {
    settings.fault("pg", `is not installed, which ${whom} needs for DATABASE_URL`, "npm install pg@8");
    return undefined;
  }
}

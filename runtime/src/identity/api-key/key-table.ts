import { wholeOf } from "../denylist/table-rows.ts";
import type { StoredKey } from "./key-store.ts";

// The only table, in SQL that SQLite and PostgreSQL both accept. Times are Unix seconds; scopes are one text, separated
// by spaces.

export const CREATE_TABLE = `
create table if not exists bff_api_key (
  hash bytea primary key,
  id text not null unique,
  subject text not null,
  claims text not null,
  scopes text not null,
  created_at bigint not null,
  expires_at bigint,
  revoked_at bigint,
  last_used_at bigint
)`;

const COLUMNS = "id, subject, claims, scopes, created_at, expires_at, revoked_at, last_used_at";
export const FIND = `select ${COLUMNS} from bff_api_key where hash = $1`;
export const FIND_ID = `select ${COLUMNS} from bff_api_key where id = $1`;
export const LIST = `select ${COLUMNS} from bff_api_key order by created_at, id`;
export const ADD = `insert into bff_api_key (hash, ${COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`;
export const REVOKE = "update bff_api_key set revoked_at = $2 where id = $1 and revoked_at is null";
export const USED =
  "update bff_api_key set last_used_at = $2 where hash = $1 and (last_used_at is null or last_used_at < $2)";

/** A row as drivers return it: 64-bit whole numbers are bigints or texts. */
export type KeyRow = Readonly<Record<string, unknown>>;

/** @throws RangeError for a row that `bff-key` cannot have written */
export function keyOf(row: KeyRow): StoredKey {
  return {
    id: String(row.id),
    subject: String(row.subject),
    claims: String(row.claims),
    scopes: String(row.scopes).split(" ").filter(Boolean),
    created: wholeOf(row, "created_at") ?? 0,
    expires: wholeOf(row, "expires_at"),
    revoked: wholeOf(row, "revoked_at"),
    lastUsed: wholeOf(row, "last_used_at"),
  };
}

/** Returns the column values in the order of `ADD`. */
export function valuesOf(digest: string, key: StoredKey): (Buffer | string | number | null)[] {
  const { id, subject, claims, scopes, created, expires, revoked, lastUsed } = key;
  const optional = [expires, revoked, lastUsed].map((second) => second ?? null);
  return [hashOf(digest), id, subject, claims, scopes.join(" "), created, ...optional];
}

export function hashOf(digest: string): Buffer {
  return Buffer.from(digest, "base64url");
}

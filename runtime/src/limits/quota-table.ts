import type { Counter } from "./rate-limit.ts";

// The one table, in SQL that SQLite and PostgreSQL both take. Times are in microseconds since 1970.

export const CREATE_TABLE = `
create table if not exists bff_quota (
  counter text primary key,
  ends bigint not null,
  used bigint not null
)`;

/** Returns the id of a counter's row. PostgreSQL accepts no NUL in a text. */
export function idOf({ id }: Counter, key: string): string {
  return `${id}:${key.includes("\0") ? JSON.stringify(key) : key}`;
}

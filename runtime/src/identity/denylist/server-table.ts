// The table in which servers report that they apply the tables of operators. `bff-key` reads it.
import { type Row, type TableRows, textOf, wholeOf } from "./table-rows.ts";

/** A server that applies the denylist and the overrides of limits of a store. */
export interface LiveServer {
  /** Random text, one per process. */
  readonly id: string;
  /** The proto package, or the name of several packages. */
  readonly name: string;
  /** Version of `@protobff/server`. */
  readonly version: string;
  /** Names of the sources of callers. Without one, only addresses are denied. */
  readonly sources: readonly string[];
  /** Limits as `<package>/<name>`. */
  readonly limits: readonly string[];
  /** Unix second of the last report. */
  readonly seen: number;
}

/** Interval between two reports, in seconds. */
export const ANNOUNCE_S = 60;
/** Age of a report above which a server does not count as live, in seconds. */
export const LIVE_S = 150;

export const CREATE_SERVERS = `
create table if not exists bff_servers (
  id text primary key,
  name text not null,
  version text not null,
  sources text not null,
  limits text not null,
  seen_at bigint not null
)`;
export const LOOK_SERVERS = "select 1 from bff_servers limit 0";
export const ANNOUNCE = `
insert into bff_servers (id, name, version, sources, limits, seen_at) values ($1, $2, $3, $4, $5, $6)
on conflict (id) do update set sources = excluded.sources, limits = excluded.limits, seen_at = excluded.seen_at`;
export const WITHDRAW = "delete from bff_servers where id = $1 or seen_at < $2";
export const SERVERS =
  "select id, name, version, sources, limits, seen_at from bff_servers where seen_at >= $1 order by id";

/** Returns the column values in the order of `ANNOUNCE`. */
export function valuesOfServer({ id, name, version, sources, limits, seen }: LiveServer): (string | number)[] {
  return [id, name, version, JSON.stringify(sources), JSON.stringify(limits), seen];
}

/** Rows of `SERVERS`. */
export const SERVER_ROWS: TableRows<LiveServer> = { table: "bff_servers", keys: ["id"], read: serverOf };

function serverOf(row: Row): LiveServer {
  return {
    id: textOf(row, "id"),
    name: textOf(row, "name"),
    version: textOf(row, "version"),
    sources: namesOf(row, "sources"),
    limits: namesOf(row, "limits"),
    seen: wholeOf(row, "seen_at") ?? 0,
  };
}

function namesOf(row: Row, column: string): readonly string[] {
  try {
    const names: unknown = JSON.parse(textOf(row, column));
    return Array.isArray(names) ? names.map(String) : [];
  } catch {
    throw new RangeError(`its ${column} is no list of names`);
  }
}

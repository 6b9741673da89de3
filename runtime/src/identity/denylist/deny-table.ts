// The tables of operators, the denylist and overrides of limits, in SQL that SQLite and PostgreSQL both accept. Times are Unix seconds.
import { Networks, plainAddress } from "../network/networks.ts";
import type { LiveServer } from "./server-table.ts";
import { type Row, type SkippedRow, type TableRows, textOf, wholeOf } from "./table-rows.ts";

/** `subject` and `key` of credentials, and `address`: an IP address, or a network in CIDR notation. */
export const DENIAL_KINDS = ["subject", "address", "key"] as const;
export type DenialKind = (typeof DENIAL_KINDS)[number];

/** An entry of the denylist. */
export interface Denial {
  readonly kind: DenialKind;
  readonly value: string;
  /** Undefined: without an end. */
  readonly until: number | undefined;
  /** Reason, for operators. */
  readonly why: string;
}

/** Maximum number of entries of each table. */
export const MAX_DENIALS = 100_000;

export const CREATE_DENIALS = `
create table if not exists bff_deny (
  kind text not null,
  value text not null,
  until_at bigint,
  why text not null,
  primary key (kind, value)
)`;
export const DENIALS = `
select kind, value, until_at, why from bff_deny
where until_at is null or until_at > $1 order by kind, value limit ${MAX_DENIALS + 1}`;
export const DENY = `
insert into bff_deny (kind, value, until_at, why) values ($1, $2, $3, $4)
on conflict (kind, value) do update set until_at = excluded.until_at, why = excluded.why`;
export const ALLOW = "delete from bff_deny where kind = $1 and value = $2";
export const LOOK_DENIALS = "select 1 from bff_deny limit 0";

/** Rows of `DENIALS`. */
export const DENIAL_ROWS: TableRows<Denial> = { table: "bff_deny", keys: ["kind", "value"], read: denialOf };

function denialOf(row: Row): Denial {
  const value = textOf(row, "value");
  const kind = DENIAL_KINDS.find((name) => name === row.kind);
  if (kind === undefined) throw new RangeError("its kind is not subject, address or key");
  if (kind === "address") assertAddress(value);
  const why = typeof row.why === "string" ? row.why : "";
  return { kind, value, until: wholeOf(row, "until_at"), why };
}

/** @throws RangeError for a text that is neither an address nor a network */
function assertAddress(value: string): void {
  if (value.includes("/")) new Networks([value]);
  else if (plainAddress(value) === "") throw new RangeError("its value is neither an address nor a network");
}

/** Rate of one key in place of its limit's, until a time. */
export interface TimedOverride {
  /** `<package>/<name>` of the limit. */
  readonly limit: string;
  /** Text that the `key` of the limit yields. */
  readonly key: string;
  readonly rate: number;
  /** Undefined: as many as `rate`. */
  readonly burst: number | undefined;
  /** Undefined: without an end. */
  readonly until: number | undefined;
}

export const CREATE_OVERRIDES = `
create table if not exists bff_limit_override (
  "limit" text not null,
  key text not null,
  rate bigint not null,
  burst bigint,
  until_at bigint,
  primary key ("limit", key)
)`;
export const OVERRIDES = `
select "limit", key, rate, burst, until_at from bff_limit_override
where until_at is null or until_at > $1 order by "limit", key limit ${MAX_DENIALS + 1}`;
export const OVERRIDE = `
insert into bff_limit_override ("limit", key, rate, burst, until_at) values ($1, $2, $3, $4, $5)
on conflict ("limit", key) do update
set rate = excluded.rate, burst = excluded.burst, until_at = excluded.until_at`;
export const END_OVERRIDE = `delete from bff_limit_override where "limit" = $1 and key = $2`;
export const LOOK_OVERRIDES = "select 1 from bff_limit_override limit 0";

/** Rows of `OVERRIDES`. */
export const OVERRIDE_ROWS: TableRows<TimedOverride> = {
  table: "bff_limit_override",
  keys: ["limit", "key"],
  read: overrideOf,
};

function overrideOf(row: Row): TimedOverride {
  const rate = wholeOf(row, "rate");
  const burst = wholeOf(row, "burst");
  if (rate === undefined || !isCount(rate)) throw new RangeError(`its rate is no whole number ${COUNTS}`);
  if (burst !== undefined && !isCount(burst)) throw new RangeError(`its burst is no whole number ${COUNTS}`);
  return { limit: textOf(row, "limit"), key: textOf(row, "key"), rate, burst, until: wholeOf(row, "until_at") };
}
const COUNTS = "from 1 to 2^53 - 1";
const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;

/** Storage of the tables, in the store of API keys. Any error means that the store does not work. */
export interface OverrideStore {
  /** Creates the tables that do not exist. A table that does not exist is read as an empty one. */
  openOverrides(): void | Promise<void>;
  /** Returns a text that differs after each change of the tables. It may also differ without a change. */
  overridesVersion(): string | Promise<string>;
  /** Returns the entries that apply at this second, at most one more than may exist. */
  denials(second: number, skipped?: SkippedRow): readonly Denial[] | Promise<readonly Denial[]>;
  /** Adds an entry, or replaces that of the same kind and value. */
  deny(denial: Denial): void | Promise<void>;
  /** @returns whether the entry existed */
  allow(kind: DenialKind, value: string): boolean | Promise<boolean>;
  /** Returns the overrides that apply at this second, at most one more than may exist. */
  limitOverrides(second: number, skipped?: SkippedRow): readonly TimedOverride[] | Promise<readonly TimedOverride[]>;
  /** Adds an override, or replaces that of the same limit and key. */
  overrideLimit(override: TimedOverride): void | Promise<void>;
  /** @returns whether the override existed */
  endOverride(limit: string, key: string): boolean | Promise<boolean>;
  /** Adds a server, or replaces its row. */
  announce(server: LiveServer): void | Promise<void>;
  /** Removes a server, and all that were seen last before this second. */
  withdraw(id: string, before: number): void | Promise<void>;
  /** Returns the servers that were seen at this second or later. */
  servers(since: number): readonly LiveServer[] | Promise<readonly LiveServer[]>;
  close(): void | Promise<void>;
}

// The tables of operators, the denylist and overrides of limits, in SQL that SQLite and PostgreSQL both accept. Times are Unix seconds.

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
export const MOST_DENIALS = 100_000;

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
where until_at is null or until_at > $1 order by kind, value limit ${MOST_DENIALS + 1}`;
export const DENY = `
insert into bff_deny (kind, value, until_at, why) values ($1, $2, $3, $4)
on conflict (kind, value) do update set until_at = excluded.until_at, why = excluded.why`;
export const ALLOW = "delete from bff_deny where kind = $1 and value = $2";
export const LOOK_DENIALS = "select 1 from bff_deny limit 0";

export function denialOf(row: Readonly<Record<string, unknown>>): Denial {
  const kind = DENIAL_KINDS.find((name) => name === row.kind) ?? "subject";
  const until = row.until_at === null ? undefined : Number(row.until_at);
  return { kind, value: String(row.value), until, why: String(row.why) };
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
where until_at is null or until_at > $1 order by "limit", key limit ${MOST_DENIALS + 1}`;
export const OVERRIDE = `
insert into bff_limit_override ("limit", key, rate, burst, until_at) values ($1, $2, $3, $4, $5)
on conflict ("limit", key) do update
set rate = excluded.rate, burst = excluded.burst, until_at = excluded.until_at`;
export const END_OVERRIDE = `delete from bff_limit_override where "limit" = $1 and key = $2`;
export const LOOK_OVERRIDES = "select 1 from bff_limit_override limit 0";

export function overrideOf(row: Readonly<Record<string, unknown>>): TimedOverride {
  const [burst, until] = [row.burst, row.until_at].map((value) => (value === null ? undefined : Number(value)));
  return { limit: String(row.limit), key: String(row.key), rate: Number(row.rate), burst, until };
}

/** Storage of both tables, in the store of API keys. Any error means that the store does not work. */
export interface OverrideStore {
  /** Prepares both tables, and creates those that do not exist. */
  openOverrides(): void | Promise<void>;
  /** Returns a text that differs after each change of the tables. It may also differ without a change. */
  overridesVersion(): string | Promise<string>;
  /** Returns the entries that apply at this second, at most one more than may exist. */
  denials(second: number): readonly Denial[] | Promise<readonly Denial[]>;
  /** Adds an entry, or replaces that of the same kind and value. */
  deny(denial: Denial): void | Promise<void>;
  /** @returns whether the entry existed */
  allow(kind: DenialKind, value: string): boolean | Promise<boolean>;
  /** Returns the overrides that apply at this second, at most one more than may exist. */
  limitOverrides(second: number): readonly TimedOverride[] | Promise<readonly TimedOverride[]>;
  /** Adds an override, or replaces that of the same limit and key. */
  overrideLimit(override: TimedOverride): void | Promise<void>;
  /** @returns whether the override existed */
  endOverride(limit: string, key: string): boolean | Promise<boolean>;
  close(): void | Promise<void>;
}

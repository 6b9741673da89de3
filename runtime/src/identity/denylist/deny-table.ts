// The table of the denylist, in SQL that SQLite and PostgreSQL both accept. Times are Unix seconds.

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

/** Maximum number of entries. */
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

/** Storage of the denylist, in the store of API keys. Any error means that the store does not work. */
export interface DenyStore {
  /** Prepares the denylist, and creates its table if it does not exist. */
  openDenials(): void | Promise<void>;
  /** Returns the entries that apply at this second, at most one more than may exist. */
  denials(second: number): readonly Denial[] | Promise<readonly Denial[]>;
  /** Adds an entry, or replaces that of the same kind and value. */
  deny(denial: Denial): void | Promise<void>;
  /** @returns whether the entry existed */
  allow(kind: DenialKind, value: string): boolean | Promise<boolean>;
  close(): void | Promise<void>;
}

import { Postgres } from "../postgres.ts";
import { endOf } from "./calendar.ts";
import { MAX_TICKS } from "./local-counters.ts";
import { CREATE_TABLE, idOf } from "./quota-table.ts";
import type { Charge, Counter } from "./rate-limit.ts";
import type { Answer, SharedCounters } from "./shared-counters.ts";

/** Maximum number of connections. */
const MAX_CONNECTIONS = 8;
/** Deletion of ended quotas: number of rows at a time, and interval in milliseconds. */
const SWEPT = 500;
const SWEEP_MS = 60_000;

const ENDS = (unit: string): string =>
  `(extract(epoch from date_trunc(${unit}, now() at time zone 'utc') + ('1 ' || ${unit})::interval) * 1000000)::bigint`;

/**
 * Locks all rows in one order, and charges them all if each has room. Another server's clock may have been ahead: a
 * calendar unit that it has begun counts.
 */
const CHARGE = `
with wanted as (
  select counter, quota, cost, ${ENDS("unit")} as ends
  from unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[]) as request (counter, quota, cost, unit)
), locked as (
  select q.counter, w.quota, w.cost, greatest(q.ends, w.ends) as ends, case when q.ends >= w.ends then q.used else 0 end as used
  from bff_quota q join wanted w on w.counter = q.counter
  order by q.counter
  for update of q
), verdict as (
  select count(*) = cardinality($1::text[]) and bool_and(used + cost <= quota) as passes from locked
), charged as (
  update bff_quota q set used = l.used + l.cost, ends = l.ends
  from locked l, verdict v
  where q.counter = l.counter and v.passes
)
select counter, used, ends, passes, (extract(epoch from now()) * 1000000)::bigint as at from locked, verdict`;
const BEGIN =
  "insert into bff_quota (counter, ends, used) select counter, 0, 0 from unnest($1::text[]) as request (counter) order by counter on conflict do nothing";
const ADD = `
update bff_quota q
set used = greatest(0, least(${MAX_TICKS}, case when q.ends >= n.ends then q.used else 0 end + $2::bigint)), ends = greatest(q.ends, n.ends)
from (select ${ENDS("$3::text")} as ends) n
where q.counter = $1 and ($2::bigint >= 0 or greatest(q.ends, n.ends) = $4::bigint)`;
const SWEEP = `
delete from bff_quota where counter in (
  select counter from bff_quota where ends > 0 and ends <= (extract(epoch from now()) * 1000000)::bigint limit ${SWEPT} for update skip locked
)`;
const LOOK = "select 1 from bff_quota limit 0";

type Row = Readonly<Record<string, unknown>>;

/** Calendar quotas in PostgreSQL, by its clock. */
export class PostgresQuotas implements SharedCounters {
  failed: (error: unknown) => void = () => {};
  readonly #postgres: Postgres;
  #opened: Promise<void> | undefined;
  #sweptAt = Number.NEGATIVE_INFINITY;

  private constructor(postgres: Postgres) {
    this.#postgres = postgres;
  }

  /**
   * Returns quotas in PostgreSQL. Connects on the first query.
   *
   * @param url `postgres://user:password@host:5432/database`, as pg takes it
   * @throws if pg is not installed
   */
  static async at(url: string): Promise<PostgresQuotas> {
    return new PostgresQuotas(await Postgres.at(url, MAX_CONNECTIONS));
  }

  async charge(charges: readonly Charge[]): Promise<Answer> {
    await this.#open();
    const ids = charges.map(({ counter, key }) => idOf(counter, key));
    const values = [
      ids,
      charges.map(({ counter }) => counter.full),
      charges.map(({ cost }) => cost),
      charges.map(({ counter }) => counter.unit),
    ];
    let { rows } = await this.#query("charge", CHARGE, values);
    if (rows.length < ids.length) {
      await this.#query("begin", BEGIN, [ids]);
      ({ rows } = await this.#query("charge", CHARGE, values));
    }
    const [first] = rows;
    if (first === undefined || rows.length < ids.length) throw new Error("rows of quotas have gone");
    const at = Number(first.at);
    this.#sweep();
    if (first.passes === true) return { at };
    return { standings: charges.map((charge, i) => standingOf(charge, ids[i], rows, at)) };
  }
  async add(counter: Counter, key: string, units: number, since: number): Promise<void> {
    const { unit } = counter;
    if (unit === "") throw new TypeError(`the limit ${counter.id} is of no calendar unit`);
    await this.#open();
    const charged = Math.max(-MAX_TICKS, Math.min(MAX_TICKS, units));
    await this.#query("add", ADD, [idOf(counter, key), charged, unit, endOf(unit, since)]);
  }
  async close(): Promise<void> {
    await this.#postgres.end();
  }

  /** A role without permission to create tables suffices if the table exists. */
  #open(): Promise<void> {
    this.#opened ??= this.#postgres.openTable(LOOK, CREATE_TABLE).catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }
  #sweep(): void {
    const now = performance.now();
    if (now - this.#sweptAt < SWEEP_MS) return;
    this.#sweptAt = now;
    this.#query("sweep", SWEEP, []).catch(this.failed); // the next one does it
  }
  #query(name: string, text: string, values: unknown[]): Promise<{ readonly rows: Row[] }> {
    return this.#postgres.query(text, values, `bff_quota_${name}`);
  }
}

function standingOf({ counter, cost }: Charge, id: string | undefined, rows: readonly Row[], at: number) {
  const row = rows.find((candidate) => candidate.counter === id);
  const used = Number(row?.used ?? 0);
  const wait = used + cost > counter.full ? Math.max(1, Number(row?.ends) - at) : 0;
  return { wait, left: Math.max(0, counter.full - used) };
}

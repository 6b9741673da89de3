// Rows of tables that operators may also write by hand. Drivers return 64-bit whole numbers as bigints or texts.

export type Row = Readonly<Record<string, unknown>>;

/** Receives a text for each row that does not apply: the row, and the reason. */
export type SkippedRow = (text: string) => void;

/** A table, and how a row of it is read. */
export interface TableRows<T> {
  readonly table: string;
  /** Columns that name a row that is skipped. */
  readonly keys: readonly string[];
  /** Throws RangeError for a row that does not apply. */
  readonly read: (row: Row) => T;
}

/** Reads rows one by one. A row that does not apply does not hide others. */
export function readRows<T>(
  rows: Iterable<Row>,
  { table, keys, read }: TableRows<T>,
  skipped: SkippedRow = () => {},
): readonly T[] {
  const good: T[] = [];
  for (const row of rows) {
    try {
      good.push(read(row));
    } catch (thrown) {
      if (!(thrown instanceof RangeError)) throw thrown;
      skipped(`${table} ${keys.map((key) => shown(row[key])).join(" ")}: ${thrown.message}`);
    }
  }
  return good;
}

const MAX_CHARACTERS = 60;
const shown = (value: unknown): string =>
  value instanceof Uint8Array ? "(bytes)" : JSON.stringify(String(value).slice(0, MAX_CHARACTERS));

/** @throws RangeError for bytes, a number or an empty text */
export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string" || value === "") throw new RangeError(`its ${column} is no text`);
  return value;
}

/**
 * Returns a whole number. It is inexact above 2^53.
 *
 * @returns undefined for null
 * @throws RangeError for another value
 */
export function wholeOf(row: Row, column: string): number | undefined {
  const value = row[column];
  if (value === null || value === undefined) return undefined;
  if (typeof value === "bigint" || (typeof value === "string" && /^-?\d{1,19}$/.test(value))) return Number(value);
  if (typeof value === "number" && Number.isInteger(value)) return value;
  throw new RangeError(`its ${column} is no whole number`);
}

// Parts that the commands of bff-key share: arguments, times, tables.
import { parseArgs } from "node:util";
import { systemClock } from "@protobff/runtime/internal/clock";
import type { AdminStore } from "@protobff/runtime/internal/identity/api-key/open-store";
import type { AuditEvent } from "@protobff/runtime/internal/observer-requests";

/** Output of a command. */
export interface CommandOutput {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

/** A mistake in the arguments or files of the user. */
export class UserFault extends Error {}

export type Report = (event: AuditEvent) => void;

/** The surroundings of a command. */
export interface CommandParts {
  readonly store: AdminStore;
  readonly output: CommandOutput;
  readonly report: Report;
  readonly audit: (event: AuditEvent["event"], reason: string) => void;
}
export type Command = (args: string[], parts: CommandParts) => Promise<number>;

type Options = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>["options"]>;
/** @throws UserFault for options that the command does not have */
export function parsed<O extends Options>(args: string[], options: O, allowPositionals: boolean) {
  try {
    return parseArgs({ args, options, allowPositionals, strict: true });
  } catch (error) {
    throw new UserFault(error instanceof Error ? error.message : String(error));
  }
}

/** Prints rows in columns, the names first. */
export function printTable(table: readonly (readonly string[])[], out: (text: string) => void): void {
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of table)
    out(
      `${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd()}\n`,
    );
}

const UNIT_S: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400 };
const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?$/;
/** Seconds since 1970 of a time or of a duration from now on; NaN for another text. */
function secondsOf(text: string, now: number): number {
  const [, count, unit = ""] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (count !== undefined) return now + Number(count) * (UNIT_S[unit] ?? 0);
  return TIME.test(text) ? Date.parse(text) / 1000 : Number.NaN;
}
/** @param option its name, in faults */
export function expiryOf(text: string, now: number, option: string): number {
  const at = secondsOf(text, now);
  if (!Number.isFinite(at)) throw new UserFault(`${option} is no time: write 90d, 2030-01-31 or 2030-01-31T12:00:00Z`);
  if (at <= now) throw new UserFault(`${option} has passed`);
  return Math.floor(at);
}

export function second(): number {
  return Math.floor(systemClock.date().getTime() / 1000);
}
/** Returns a time in RFC 3339. Beyond its years, returns the Unix second. */
export function dateOf(at: number): string {
  return Math.abs(at) <= LAST_S ? new Date(at * 1000).toISOString().replace(".000Z", "Z") : String(at);
}
/** 9999-12-31T23:59:59Z. */
const LAST_S = 253_402_300_799;

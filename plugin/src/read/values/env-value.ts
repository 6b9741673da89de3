// Checks a text against the type of an environment variable, exactly as the runtime does (server/config/env-reader.ts),
// which may not be imported here. test/features/environment/env-defaults.test.ts compares both.
import type { EnvShape } from "../../ir/ir.ts";

/** google.protobuf.Duration ends there. */
const DURATION_MAX_MS = 315_576_000_000_000;
const DURATION = /^(\d{1,15}(?:\.\d{1,9})?)(ms|s|m|h|d)$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const ITEMS: Readonly<Record<EnvShape["item"], (text: string) => boolean>> = {
  string: () => true,
  int: (text) => isInteger(text, /^[+-]?\d{1,19}$/, BigInt.asIntN),
  uint: (text) => isInteger(text, /^\+?\d{1,20}$/, BigInt.asUintN),
  bool: (text) => /^(true|false|1|0)$/.test(text),
  double: (text) => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text)),
  // Zero is a duration here; the expression gives it a meaning.
  duration: (text) => DURATION.test(text) && durationMs(text) <= DURATION_MAX_MS,
};

function isInteger(text: string, form: RegExp, cut: (bits: number, value: bigint) => bigint): boolean {
  return form.test(text) && cut(64, BigInt(text)) === BigInt(text);
}

/** Returns true if the server will accept the text. */
export function isValue(text: string, { of, item }: EnvShape): boolean {
  const valid = ITEMS[item];
  const parts = partsOf(text, of);
  if (parts === undefined || !parts.every(({ value }) => valid(value))) return false;
  if (of !== "map") return true;
  const keys = parts.map(({ key }) => key);
  return new Set(keys).size === keys.length && !keys.includes("");
}

/** Returns the parts of a text, with a key beside each value of a map; undefined if an entry of a map has no key. */
export function partsOf(
  text: string,
  of: EnvShape["of"],
): readonly { readonly key: string; readonly value: string }[] | undefined {
  if (of === "one") return [{ key: "", value: text }];
  const parts = separated(text);
  if (of === "list") return parts.map((part) => ({ key: "", value: plain(part) }));
  const entries = parts.map((part) => /^((?:\\[\s\S]|[^\\=])+)=([\s\S]*)$/.exec(part));
  if (entries.includes(null)) return undefined;
  return entries.map((entry) => ({ key: plain(entry?.[1]?.trim() ?? ""), value: plain(entry?.[2]?.trim() ?? "") }));
}

/** A duration that is one, in milliseconds. */
export function durationMs(text: string): number {
  const [, number = "", unit = ""] = DURATION.exec(text) ?? [];
  // 1.1 * 1000 is 1100.0000000000002, so the result is rounded to nanoseconds.
  return Math.round(Number(number) * (UNIT_MS[unit] ?? Number.NaN) * 1e6) / 1e6;
}

/** Types whose variables may have bounds. */
export type OrderedItem = "int" | "uint" | "double" | "duration";
const ORDERED: readonly string[] = ["int", "uint", "double", "duration"] satisfies OrderedItem[];
export const isOrdered = (item: EnvShape["item"]): item is OrderedItem => ORDERED.includes(item);

/**
 * Returns a value of such a type, for comparisons; durations are milliseconds.
 *
 * @example
 * amountOf("1.5s", "duration"); // 1500
 */
export function amountOf(text: string, item: OrderedItem): bigint | number {
  if (item === "duration") return durationMs(text);
  return item === "double" ? Number(text) : BigInt(text.replace(/^\+/, ""));
}

/** The parts between commas that no backslash stands before, trimmed; empty ones left out. */
function separated(text: string): string[] {
  const parts = text.match(/(?:\\[\s\S]|[^\\,])+/g) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}
/** Without the backslashes that took a meaning away. */
const plain = (part: string): string => part.replace(/\\([,=\\])/g, "$1");

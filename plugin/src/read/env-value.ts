// Whether a text is a value of an environment variable's type: the very judgement of the runtime (server/env-reader.ts), which may not be
// imported here. test/env-defaults.test.ts holds both to one.
import type { EnvShape } from "../ir.ts";

/** google.protobuf.Duration ends there. */
const DURATION_MAX_MS = 315_576_000_000_000;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const ITEMS: Readonly<Record<EnvShape["item"], (text: string) => boolean>> = {
  string: () => true,
  int: (text) => isInteger(text, /^[+-]?\d{1,19}$/, BigInt.asIntN),
  uint: (text) => isInteger(text, /^\+?\d{1,20}$/, BigInt.asUintN),
  bool: (text) => /^(true|false|1|0)$/.test(text),
  double: (text) => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text)),
  // Zero is a duration here: what it means is the expression's business.
  duration: (text) => {
    const [, number, unit = ""] = /^(\d{1,15}(?:\.\d{1,9})?)(ms|s|m|h|d)$/.exec(text) ?? [];
    return number !== undefined && Number(number) * (UNIT_MS[unit] ?? Number.NaN) <= DURATION_MAX_MS;
  },
};

function isInteger(text: string, form: RegExp, cut: (bits: number, value: bigint) => bigint): boolean {
  return form.test(text) && cut(64, BigInt(text)) === BigInt(text);
}

/** As the server will read it. */
export function isValue(text: string, { of, item }: EnvShape): boolean {
  const valid = ITEMS[item];
  if (of === "one") return valid(text);
  if (of === "list") return separated(text).every((part) => valid(plain(part)));
  const entries = separated(text).map((part) => /^((?:\\[\s\S]|[^\\=])+)=([\s\S]*)$/.exec(part));
  const keys = entries.map((entry) => plain(entry?.[1]?.trim() ?? ""));
  const distinct = new Set(keys).size === keys.length && !keys.includes("");
  return distinct && entries.every((entry) => valid(plain(entry?.[2]?.trim() ?? "")));
}

/** The parts between commas that no backslash stands before, trimmed; empty ones left out. */
function separated(text: string): string[] {
  const parts = text.match(/(?:\\[\s\S]|[^\\,])+/g) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}
/** Without the backslashes that took a meaning away. */
const plain = (part: string): string => part.replace(/\\([,=\\])/g, "$1");

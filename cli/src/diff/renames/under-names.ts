// Plans under other names of messages, rpcs and services.
import { EXPRESSIONS } from "./renames.ts";

/** Old full names, each with its new one. */
export type Names = ReadonlyMap<string, string>;

/** Members that hold names of messages, of rpcs or of services. */
const NAMES = new Set(["message", "composes", "rpc", "service", "vouched_by", "messages", "started_by", "successor"]);
/** A string literal, or a message that is made: `Card{`. */
const MADE = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?<![\w.])\.?[A-Za-z_][\w.]*(?=\s*\{)/g;

export function underNames<T>(value: T, names: Names, member = ""): T {
  if (typeof value === "string") return renamedText(value, names, member) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => underNames(item, names, member)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, underNames(member, names, key)])) as T;
}

function renamedText(text: string, names: Names, member: string): string {
  if (NAMES.has(member)) return names.get(text) ?? text;
  if (member === "of") return renamedValue(text, names);
  return EXPRESSIONS.has(member) ? text.replace(MADE, (token) => renamedType(token, names)) : text;
}

/** `shop.v1.GetRequest.id[]`: the longest name that it begins with. */
function renamedValue(text: string, names: Names): string {
  for (let end = text.length; end > 0; end = text.lastIndexOf(".", end - 1)) {
    const name = names.get(text.slice(0, end));
    if (name !== undefined) return `${name}${text.slice(end)}`;
  }
  return text;
}

/** Written from the package on, or only its last parts. */
function renamedType(token: string, names: Names): string {
  const name = token.replace(/^\./, "");
  const full = [...names.keys()].filter((key) => key === name || key.endsWith(`.${name}`));
  const now = full.length === 1 ? names.get(full[0] ?? "") : undefined;
  if (now === undefined) return token;
  const parts = name.split(".").length;
  return now.split(".").slice(-parts).join(".");
}

// Printed code as lines, so that blocks can be indented and expressions can span lines.
import type { Printable } from "@bufbuild/protoplugin";
import { isNamedIn, readable } from "../../cel/index.ts";

export type Line = readonly Printable[];
export type Lines = readonly Line[];

export const line = (...parts: Printable[]): Lines => [parts];
export const indent = (lines: Lines): Lines => lines.map((parts) => (parts.length === 0 ? parts : ["  ", ...parts]));

/** Puts something before the first line of an expression and after its last. */
export function around(before: Line, lines: Lines, after: Line): Lines {
  if (lines.length <= 1) return [[...before, ...(lines[0] ?? []), ...after]];
  const [first = [], ...rest] = lines;
  return [[...before, ...first], ...rest.slice(0, -1), [...(rest.at(-1) ?? []), ...after]];
}

/** `open`, the body indented, `close`. */
export function block(open: Line, body: Lines, close: Line): Lines {
  return [open, ...indent(body), close];
}

/** Returns the number of characters of a line. An imported name may become longer if two imports share it. */
export function width(row: Line): number {
  let sum = 0;
  for (const part of row) {
    if (typeof part === "string") sum += part.length;
    else if (Array.isArray(part)) sum += width(part);
    else if (typeof part === "object" && "name" in part) sum += part.name.length;
    else sum += 8;
  }
  return sum;
}
/** Returns true if printed code uses a name. */
export function mentions(lines: Lines, name: string): boolean {
  return lines.some((row) => isNamedIn(row, name));
}
/**
 * Returns the body of a function with `void …` in place of constants that it never reads: their expressions must still
 * run.
 */
export function unreadAsVoid(body: Lines): Lines {
  // Starts at the last line: lines before a constant do not read it.
  const read: Set<string>[] = [];
  const lines: Line[] = [];
  for (const row of [...body].reverse()) {
    const text = readable(row);
    const scope = text.trim() === "" ? undefined : scopeOf(text, read);
    const [, name = ""] = DECLARED.exec(text) ?? [];
    lines.unshift(name !== "" && text.startsWith("const") && !scope?.has(name) ? asVoid(row) : row);
    for (const [word] of text.matchAll(/(?<![\w$]|(?<!\.\.)\.)[A-Za-z_$][\w$]*(?![\w$]|\??:)/g)) scope?.add(word);
    scope?.delete(name);
  }
  return lines;
}
/**
 * Returns the names that are read below a line in its block. The indentation determines the depth of the block. Blocks
 * that ended there add the names that they read and did not declare.
 */
function scopeOf(text: string, read: Set<string>[]): Set<string> {
  const depth = Math.floor(text.search(/\S/) / 2);
  while (read.length <= depth) read.push(new Set());
  const scope = read[depth] ?? new Set();
  for (const inner of read.splice(depth + 1)) for (const name of inner) scope.add(name);
  return scope;
}
const DECLARED = /^ *const ([\w$]+) = /;
function asVoid([first = "", ...rest]: Line): Line {
  const value: Line = [String(first).replace(DECLARED, ""), ...rest];
  const last = value.at(-1);
  if (typeof value[0] === "string" && value[0].startsWith("await ")) return value;
  if (isClosed(value) || typeof last !== "string" || !last.endsWith(";")) return ["void ", ...value];
  return ["void (", ...value.slice(0, -1), `${last.slice(0, -1)});`];
}
/**
 * Returns true if the value has no operators outside of brackets: `void` binds closer than any operator with two sides.
 */
function isClosed(value: Line): boolean {
  const text = value.map((part) => (typeof part === "string" ? part : "x")).join("");
  let depth = 0;
  for (const [sign] of text.replace(/"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`/g, "x").matchAll(/[([{}\]) ]/g)) {
    if (sign === " ") {
      if (depth === 0) return false;
    } else depth += "([{".includes(sign) ? 1 : -1;
  }
  return true;
}
/** Maximum length of a line before it is broken, in characters. */
const WIDE = 90;

/** `a, b, c`. */
export function commas(items: readonly Line[]): Line {
  return items.flatMap((item, i) => (i === 0 ? [...item] : [", ", ...item]));
}

/** An object literal: on one line when it is small. */
export function object(properties: readonly Line[], most = 3): Lines {
  if (properties.length === 0) return [["{}"]];
  const short: Line = ["{ ", ...commas(properties), " }"];
  if (properties.length <= most && width(short) <= WIDE) return [short];
  return block(
    ["{"],
    properties.map((property) => [...property, ","]),
    ["}"],
  );
}

/** `{ readonly id: string; readonly kind: string }` */
export function objectType(properties: Lines): Line {
  if (properties.length === 0) return ["object"];
  return ["{ ", ...properties.flatMap((row, i): Line => (i === 0 ? row : ["; ", ...row])), " }"];
}

/** `name: value`, or `name` alone when both are the same word. */
export function property(name: string, value: Line): Line {
  const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
  return value.length === 1 && value[0] === name ? [name] : [`${key}: `, ...value];
}

/** `10_000`. */
export const group = (value: number): string =>
  Number.isInteger(value) && value >= 1_000 ? String(value).replace(/\B(?=(\d{3})+$)/g, "_") : String(value);

/** `fields.has("usage") || fields.has("total")` */
export const anyOf = (names: readonly string[], fields: string): string =>
  names.length === 0 ? "false" : names.map((name) => `${fields}.has(${JSON.stringify(name)})`).join(" || ");

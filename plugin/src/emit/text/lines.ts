// Printed code as lines, so that blocks can be indented and expressions can span lines.
import type { GeneratedFile, Printable } from "@bufbuild/protoplugin";
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

/**
 * Returns the same text, protected against imports that take a name from it. protoplugin renames an import only if two
 * imports share a name or the file declares it; it ignores names in printed text. A word of the text that is also an
 * import's name (a message `Record`, `Promise` or `App`) therefore becomes a name of this file. `path` is the file's
 * path, as imports write it.
 */
export function protectWords(rows: Lines, f: GeneratedFile, path: string): Lines {
  const imported = new Set<string>();
  const collect = (part: Printable): void => {
    if (Array.isArray(part)) part.forEach(collect);
    else if (isSymbol(part)) imported.add(part.name);
  };
  for (const row of rows) row.forEach(collect);
  const used = new Set<string>();
  const keep = (part: Printable): Printable => {
    if (Array.isArray(part)) return part.map(keep);
    if (typeof part !== "string" || /^\s*\/[/*]/.test(part)) return part;
    const pieces: Printable[] = [];
    let from = 0;
    for (const { 0: name, index } of part.matchAll(WORD)) {
      // Once is enough for a name to be the file's.
      if (!imported.has(name) || used.has(name) || isOfObject(part, index, index + name.length)) continue;
      used.add(name);
      pieces.push(part.slice(from, index), f.import(name, path));
      from = index + name.length;
    }
    return from === 0 ? part : [...pieces, part.slice(from)];
  };
  return rows.map((row) => row.map(keep));
}

/**
 * Returns a comment for each name that several imports share, with the source of each import. protoplugin leaves the
 * plain name to the import that is printed first. That is the import from `own` in every file of a BFF, wherever the
 * name first occurs in the code.
 */
export function importComments(rows: Lines, local: string): Lines {
  const byName = new Map<string, Map<string, ImportSymbol>>();
  const collect = (part: Printable): void => {
    if (Array.isArray(part)) for (const inner of part) collect(inner);
    if (!isSymbol(part)) return;
    const found = byName.get(part.name) ?? new Map<string, ImportSymbol>();
    byName.set(part.name, found.set(part.from, part));
  };
  for (const row of rows) row.forEach(collect);
  const several = [...byName.values()].filter((symbols) => symbols.size > 1);
  const comments = several.map((symbols): Line => {
    const sorted = [...symbols.values()].sort((a, b) => {
      if (a.from === local) return -1;
      if (b.from === local) return 1;
      return a.from < b.from ? -1 : 1;
    });
    return sorted.flatMap((symbol, i) => [i === 0 ? "// " : ", ", symbol.toTypeOnly(), ` is from ${source(symbol)}`]);
  });
  return comments.length === 0 ? [] : [...comments, []];
}
/** `shop/v1/shop_pb` */
const source = ({ from }: ImportSymbol): string => from.replace(/^\.\/(.*)\.js$/, "$1");

/** Strings, comments after code, and words. */
const WORD = /"(?:[^"\\]|\\.)*"|\/\/ .*$|[\w$]+/g;

/** Returns true if a word is a member (`a.word`, but not `...word`) or the name of a property (`word: b`). */
function isOfObject(text: string, from: number, to: number): boolean {
  const isMember = text[from - 1] === "." && !text.endsWith("...", from);
  return isMember || text[to] === ":" || text.startsWith("?:", to);
}

type ImportSymbol = ReturnType<GeneratedFile["import"]>;

function isSymbol(part: Printable): part is ImportSymbol {
  return typeof part === "object" && part !== null && "kind" in part && part.kind === "es_symbol";
}

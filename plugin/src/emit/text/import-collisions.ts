import type { GeneratedFile, Printable } from "@bufbuild/protoplugin";
import type { Line, Lines } from "./lines.ts";

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

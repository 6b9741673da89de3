import type { GeneratedFile, Printable } from "@bufbuild/protoplugin";
import type { Lines } from "./lines.ts";

/**
 * The same text, so that no import takes a name from it. protoplugin gives an import another name only when two imports
 * have one name or when it is the file's own; of what is printed as text it knows nothing. So each word of the text that
 * an import has for its name (a message `Record`, `Promise` or `App`) is printed as a name of this file.
 * `path` is the file's own, as imports would write it.
 */
export function keepOwnWords(rows: Lines, f: GeneratedFile, path: string): Lines {
  const imported = new Set<string>();
  const collect = (part: Printable): void => {
    if (Array.isArray(part)) part.forEach(collect);
    else if (isSymbol(part)) imported.add(part.name);
  };
  for (const row of rows) row.forEach(collect);
  const kept = new Set<string>();
  const keep = (part: Printable): Printable => {
    if (Array.isArray(part)) return part.map(keep);
    if (typeof part !== "string" || /^\s*\/[/*]/.test(part)) return part;
    const pieces: Printable[] = [];
    let from = 0;
    for (const { 0: word, 1: name, index } of part.matchAll(WORD)) {
      // Once is enough for a name to be the file's.
      if (name === undefined || !imported.has(name) || kept.has(name)) continue;
      kept.add(name);
      const at = index + word.length - name.length;
      pieces.push(part.slice(from, at), f.import(name, path));
      from = at + name.length;
    }
    return from === 0 ? part : [...pieces, part.slice(from)];
  };
  return rows.map((row) => row.map(keep));
}

/** Strings and comments behind code; or (1) a word that is neither a member nor the name of a property. */
const WORD = /"(?:[^"\\]|\\.)*"|\/\/ .*$|(?:(?<![\w$.])|(?<=\.\.\.))([A-Za-z_$][\w$]*)(?![\w$]|\??:)/g;

function isSymbol(part: Printable): part is ReturnType<GeneratedFile["import"]> {
  return typeof part === "object" && part !== null && "kind" in part && part.kind === "es_symbol";
}

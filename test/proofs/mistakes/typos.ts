// Typos in the options of valid BFFs: names, types, quotes, colons, semicolons and imports.
import { fileOf } from "../../../cli/src/lsp/program/program.ts";
import { elementsOf, type Token, tokenize, type WrittenValue } from "../../../plugin/src/language.ts";
import { pick } from "../fuzz/random.ts";

export interface Typo {
  readonly what: string;
  /** The stretch of the original text that it changes, and its new text. */
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** A place that can be written wrongly. */
interface Site {
  readonly kind: "name" | "extension" | "text" | "word" | "import" | "end";
  readonly from: number;
  readonly to: number;
}

/** Returns the places of a file's options of bff.v1. */
export function sitesOf(text: string): readonly Site[] {
  const sites: Site[] = [];
  const tokens = tokenize(text);
  const add = (kind: Site["kind"], { from, to }: { from: number; to: number }) => sites.push({ kind, from, to });
  const values = (value: WrittenValue | undefined): void => {
    if (value?.kind === "message")
      for (const { key, value: inner } of value.fields) {
        if (key.kind === "word") add("name", key);
        values(inner);
      }
    else if (value?.kind === "list") value.items.forEach(values);
    else if (value?.kind === "string" && value.parts.length === 1) add("text", value);
    else if (value?.kind === "scalar" && /^\w/.test(value.text)) add("word", value);
  };
  for (const element of elementsOf(fileOf("a.proto", "file:///a.proto", text).parsed.file))
    for (const { extension, path, value, from, to } of element.options) {
      if (!extension.startsWith("bff.v1.")) continue;
      const start = text.indexOf(extension, from);
      add("extension", { from: start, to: start + extension.length });
      for (const token of path) add("name", token);
      values(value);
      const next = tokens.find((token) => token.from >= to);
      if (next?.text === ";" && isStatement(tokens, from)) add("end", next);
    }
  const imported = /^import "bff\/v1\/options\.proto";/m.exec(text);
  if (imported !== null && sites.length > 0)
    add("import", { from: imported.index, to: imported.index + imported[0].length });
  return sites;
}
const isStatement = (tokens: readonly Token[], from: number): boolean =>
  tokens.findLast((token) => token.to <= from)?.text === "option";

/** Writes a place wrongly, in one of the ways of its kind. */
export function typoAt(text: string, { kind, from, to }: Site, random: () => number): Typo | undefined {
  const old = text.slice(from, to);
  const typo = (what: string, by: string): Typo => ({ what, from, to, text: by });
  const all: Readonly<Record<Site["kind"], () => readonly Typo[]>> = {
    name: () => [
      typo("a letter of a name", misspelt(old, random)),
      ...(text[to] === ":" ? [{ what: "no colon", from: to, to: to + 1, text: "" }] : []),
    ],
    extension: () => [typo("a letter of an option", `bff.v1.${misspelt(old.slice("bff.v1.".length), random)}`)],
    text: () => [
      typo("no quotes", old.slice(1, -1)),
      typo("no closing quote", old.slice(0, -1)),
      typo("no opening quote", old.slice(1)),
    ],
    word: () => [typo("quotes around a word", `"${old}"`), typo("a letter of a word", misspelt(old, random))],
    import: () => [
      typo("no import", ""),
      typo("a letter of an import", old.replace("options", misspelt("options", random))),
    ],
    end: () => [typo("no semicolon", "")],
  };
  return pick(all[kind](), random);
}

/** Drops, doubles, replaces or swaps a letter. */
function misspelt(name: string, random: () => number): string {
  const at = Math.floor(random() * name.length);
  const [before, letter, after] = [name.slice(0, at), name.charAt(at), name.slice(at + 1)];
  const ways = [
    before + after,
    before + letter + letter + after,
    `${before}q${after}`,
    before + after.charAt(0) + letter + after.slice(1),
  ];
  return pick(ways, random) ?? name;
}

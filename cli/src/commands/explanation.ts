// The section of docs/diagnostics.md about a code, as text for a terminal.
import { existsSync, readFileSync } from "node:fs";
import { didYouMean } from "protoc-gen-bff/compiler";

/**
 * Returns the text for a code, in upper or lower case, with or without "BFF". For an unknown code it returns the most
 * similar one, if there is one.
 */
export function explain(input: string): { readonly text: string } | { readonly like: string | undefined } {
  const code = `BFF${input.trim().replace(/^bff[-_ ]?/i, "")}`;
  const sections = sectionsOf(readFileSync(page(), "utf8"));
  const section = sections.get(code);
  return section === undefined ? { like: didYouMean(code, [...sections.keys()]) } : { text: textOf(code, section) };
}

/** Packing puts a copy of the page beside the compiled sources; a checkout has it in docs. */
function page(): URL {
  const packed = new URL("../diagnostics.md", import.meta.url);
  return existsSync(packed) ? packed : new URL("../../../docs/diagnostics.md", import.meta.url);
}

/** Returns the text below each heading, by code. */
function sectionsOf(text: string): ReadonlyMap<string, string> {
  const [, ...parts] = text.split(/^### (?=BFF\d{3}$)/m);
  return new Map(parts.map((part) => [part.slice(0, 6), part.slice(6).replace(/^## [\s\S]*/m, "")]));
}

function textOf(code: string, section: string): string {
  const [, severity = "", meaning = ""] = /^\*(\w+)\.\* (.*)$/m.exec(section) ?? [];
  const examples = [...section.matchAll(/^(.+):\n\n```\w+\n([\s\S]*?)\n```$/gm)];
  const indented = (text: string): string => text.replace(/^(?=.)/gm, "    ");
  const parts = examples.map(([, title, text = ""]) => `${title}:\n\n${indented(text)}\n`);
  return [`${code} (${severity.toLowerCase()}): ${meaning}\n`, ...parts].join("\n");
}

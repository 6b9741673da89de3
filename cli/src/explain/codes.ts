// The section of docs/diagnostics.md about a code, as text for a terminal.
import { didYouMean } from "protoc-gen-bff/compiler";
import { readPage } from "./pages.ts";

/**
 * Returns the text for a code, in upper or lower case, with or without "BFF". For an unknown code it returns the most
 * similar one, if there is one.
 */
export function explainCode(input: string): { readonly text: string } | { readonly like: string | undefined } {
  const code = `BFF${input.trim().replace(/^bff[-_ ]?/i, "")}`;
  const sections = readCodes();
  const section = sections.get(code);
  return section === undefined ? { like: didYouMean(code, [...sections.keys()]) } : { text: textOf(code, section) };
}

/** Returns each code with its meaning, a line each. */
export const codeLines = (): string => [...readCodes()].map(([code, section]) => headOf(code, section)).join("\n");

/** Returns the text below each heading, by code. */
function readCodes(): ReadonlyMap<string, string> {
  const [, ...parts] = readPage("diagnostics").split(/^### (?=BFF\d{3}$)/m);
  return new Map(parts.map((part) => [part.slice(0, 6), part.slice(6).replace(/^## [\s\S]*/m, "")]));
}

function headOf(code: string, section: string): string {
  const [, severity = "", meaning = ""] = /^\*(\w+)\.\* (.*)$/m.exec(section) ?? [];
  return `${code} (${severity.toLowerCase()}): ${meaning}`;
}

function textOf(code: string, section: string): string {
  const examples = [...section.matchAll(/^(.+):\n\n```\w+\n([\s\S]*?)\n```$/gm)];
  const indented = (text: string): string => text.replace(/^(?=.)/gm, "    ");
  const parts = examples.map(([, title, text = ""]) => `${title}:\n\n${indented(text)}\n`);
  return [`${headOf(code, section)}\n`, ...parts].join("\n");
}

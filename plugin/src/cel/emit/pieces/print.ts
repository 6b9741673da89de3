import type { Printable } from "@bufbuild/protoplugin";

/** Returns true if printed code uses a name. Strings, comments and names of properties do not count. */
export function isNamedIn(print: readonly Printable[], name: string): boolean {
  return wordOf(name).test(readable(print));
}
const words = new Map<string, RegExp>();

function wordOf(name: string): RegExp {
  const word =
    words.get(name) ?? new RegExp(`(?<![\\w$]|(?<!\\.\\.)\\.)${name.replaceAll("$", "\\$")}(?![\\w$]|\\??:)`);
  words.set(name, word);
  return word;
}

/** Returns true if printed code reads a name outside of inner functions with a parameter of that name. */
export function isReadIn(print: readonly Printable[], name: string): boolean {
  const word = wordOf(name);
  let text = readable(print);
  for (const [whole, parameters = ""] of text.matchAll(/\(([^()]*)\)(?:: boolean)? => /g)) {
    if (!word.test(parameters)) continue;
    const at = text.indexOf(whole);
    if (at >= 0) text = text.slice(0, at) + text.slice(endOfBody(text, at + whole.length));
  }
  return word.test(text);
}
/**
 * Returns the end of an arrow function's body in the arguments of a call: a comma, or the bracket that closes the call.
 */
function endOfBody(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    const sign = text[i] ?? "";
    if ("([{".includes(sign)) depth++;
    else if (")]}".includes(sign) && --depth < 0) return i;
    else if (sign === "," && depth === 0) return i;
  }
  return text.length;
}

/**
 * Returns printed code without strings and comments, as one text. A property may be printed apart from the dot before
 * it.
 */
export function readable(print: readonly Printable[]): string {
  return print
    .map((part): string => {
      if (Array.isArray(part)) return readable(part);
      if (typeof part !== "string") return " ";
      return part.startsWith("//") ? "" : part.replace(/"(?:[^"\\]|\\.)*"/g, "");
    })
    .join("");
}

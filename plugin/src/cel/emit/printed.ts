import type { Printable } from "@bufbuild/protoplugin";

/** Whether printed code uses a name; what stands in strings and comments does not count, nor the name of a property. */
export function isNamedIn(print: readonly Printable[], name: string): boolean {
  const word = new RegExp(`(?<![\\w$]|(?<!\\.\\.)\\.)${name.replaceAll("$", "\\$")}(?![\\w$]|\\??:)`);
  return word.test(readable(print));
}

/** What is printed without what stands in strings and comments, as one text: a property may be printed apart from the dot before it. */
export function readable(print: readonly Printable[]): string {
  return print
    .map((part): string => {
      if (Array.isArray(part)) return readable(part);
      if (typeof part !== "string") return " ";
      return part.startsWith("//") ? "" : part.replace(/"(?:[^"\\]|\\.)*"/g, "");
    })
    .join("");
}

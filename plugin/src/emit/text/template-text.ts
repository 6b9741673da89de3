import type { Line } from "./lines.ts";

/** Prints a template literal of literal texts and of printed expressions, or a string without expressions. */
export function templateText(parts: readonly (string | { readonly print: Line })[]): Line {
  if (parts.every((part) => typeof part === "string")) return [JSON.stringify(parts.join(""))];
  const literal = (text: string): string => text.replace(/[\\`]/g, "\\$&").replaceAll("${", "\\${");
  return [
    "`",
    ...parts.flatMap((part) => (typeof part === "string" ? [literal(part)] : ["${", ...part.print, "}"])),
    "`",
  ];
}

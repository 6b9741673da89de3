// HTML whose texts are escaped.

/** Markup. Only `html` makes it. */
export interface Html {
  readonly markup: string;
}
type Content = Html | string | number | undefined | readonly Content[];

/** Makes markup of a template. Texts among its values are escaped; undefined is nothing. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Html {
  return { markup: parts.map((part, i) => part + (i < values.length ? markupOf(values[i]) : "")).join("") };
}

function markupOf(content: Content): string {
  if (content === undefined) return "";
  if (typeof content === "string" || typeof content === "number") return escapedText(String(content));
  return "markup" in content ? content.markup : content.map(markupOf).join("");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Characters that are invisible or turn the direction of a text become `\u{…}`. */
function escapedText(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "")
    .replace(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

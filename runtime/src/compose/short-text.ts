/** Maximum number of characters of a client's text that is included in a text for that client. */
const MOST_CHARACTERS = 200;

/** Returns the text, or its beginning. */
export function shortened(text: string): string {
  if (text.length <= MOST_CHARACTERS) return text;
  return `${text.slice(0, MOST_CHARACTERS).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** Formats a template. Long values are shortened, and characters that cannot be sent are replaced. */
export function short(texts: TemplateStringsArray, ...values: readonly unknown[]): string {
  return String.raw({ raw: texts }, ...values.map((value) => shortened(String(value)).toWellFormed()));
}

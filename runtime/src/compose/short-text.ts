/** Maximum number of characters of a client's text that is included in a text for that client. */
const MAX_CHARACTERS = 200;

/** Returns the text, or its beginning. */
export function shortened(text: string): string {
  if (text.length <= MAX_CHARACTERS) return text;
  return `${text.slice(0, MAX_CHARACTERS).replace(/[\ud800-\udbff]$/, "")}…`;
}

/**
 * Formats a template. Values of more than 200 characters are shortened, and unpaired surrogates become U+FFFD.
 *
 * @example
 * throw cx.refuse(Code.NOT_FOUND, short`no run ${args.runId}`);
 */
export function short(texts: TemplateStringsArray, ...values: readonly unknown[]): string {
  return String.raw({ raw: texts }, ...values.map((value) => shortened(String(value)).toWellFormed()));
}

/** Of what a client has sent, no more than this stands in a text that goes back to it, in characters. */
const MOST_CHARACTERS = 200;

/** The text, or its beginning. */
export function shortened(text: string): string {
  if (text.length <= MOST_CHARACTERS) return text;
  return `${text.slice(0, MOST_CHARACTERS).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** A template whose values are not too long, and have nothing in them that cannot be sent. */
export function short(texts: TemplateStringsArray, ...values: readonly unknown[]): string {
  return String.raw({ raw: texts }, ...values.map((value) => shortened(String(value)).toWellFormed()));
}

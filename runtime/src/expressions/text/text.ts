// Strings as CEL sees them: sequences of Unicode code points, which lengths and positions count (cel-go's `strings` extension).
import { checkText, MAX_TEXT_CHARACTERS } from "../value/bounds.ts";
import { ExpressionError } from "../value/error.ts";
import { spend } from "../value/meter.ts";
import { entriesOf, isMap } from "../value/shape.ts";

type Int = number | bigint;

/** The number of code points. */
export function textSize(text: string): number {
  let size = 0;
  for (const _ of text) size++;
  return size;
}

/** The size of whatever has one. Throws ExpressionError for anything else. */
export function size(value: unknown): bigint {
  if (typeof value === "string") return BigInt(textSize(value));
  if (value instanceof Uint8Array || Array.isArray(value)) return BigInt(value.length);
  if (isMap(value)) return BigInt(value instanceof Map ? value.size : entriesOf(value).length);
  throw new ExpressionError("no such overload: only strings, bytes, lists and maps have a size");
}

/** Throws ExpressionError for a position outside of 0 … size. At the very end: "". */
export function charAt(text: string, position: Int): string {
  const points = [...text];
  const at = within(position, points.length);
  return points[at] ?? "";
}

/** -1 when it is not there. Throws ExpressionError when `from` is outside. */
export function indexOf(text: string, part: string, from: Int = 0): number {
  const points = [...text];
  const start = points.slice(0, within(from, points.length)).join("").length;
  const found = text.indexOf(part, start);
  return found === -1 ? -1 : textSize(text.slice(0, found));
}

/** -1 when it is not there. Throws ExpressionError when `from` is outside. */
export function lastIndexOf(text: string, part: string, from?: Int): number {
  const points = [...text];
  const start = from === undefined ? text.length : points.slice(0, within(from, points.length)).join("").length;
  const found = text.lastIndexOf(part, start);
  return found === -1 ? -1 : textSize(text.slice(0, found));
}

/** Throws ExpressionError when a position is outside or the end comes before the start. */
export function substring(text: string, start: Int, end?: Int): string {
  const points = [...text];
  const from = within(start, points.length);
  const to = end === undefined ? points.length : within(end, points.length);
  if (to < from) throw new ExpressionError("invalid substring range");
  return points.slice(from, to).join("");
}

function within(position: Int, length: number): number {
  if (position < 0 || position > length) throw new ExpressionError("index out of range");
  return Number(position);
}

/** Letters outside of ASCII stay as they are. */
export function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Letters outside of ASCII stay as they are. */
export function upperAscii(text: string): string {
  return text.replace(/[a-z]/g, (letter) => letter.toUpperCase());
}

/** With the case of Unicode, which may make several letters of one: "ß" becomes "SS". */
export function upper(text: string): string {
  return text.toUpperCase();
}

/** Returns the text in lower case, by Unicode. */
export function lower(text: string): string {
  return text.toLowerCase();
}

/** Throws ExpressionError for a negative count, and for more than 1 MiB. */
export function repeat(text: string, count: Int): string {
  if (count < 0) throw new ExpressionError("repeat of a negative count");
  checkText(text.length * Number(count));
  spend(text.length * Number(count));
  return text === "" ? "" : text.repeat(Number(count));
}

/** Returns the text without the prefix, or the same text if it begins otherwise. */
export function trimPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
}

/** Returns the text without the suffix, or the same text if it ends otherwise. */
export function trimSuffix(text: string, suffix: string): string {
  return text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text;
}

/** The first `limit` occurrences, all when it is negative. Throws ExpressionError for a text of more than 1 MiB that has grown. */
export function replace(text: string, part: string, by: string, limit: Int = -1): string {
  const most = (text.length + 1) * (by.length + 1);
  if (by.length > part.length && most > MAX_TEXT_CHARACTERS) checkText(grown(text, part, by, limit));
  if (by.length > part.length) spend(Math.min(most, MAX_TEXT_CHARACTERS));
  // JavaScript finds "" between the halves of a surrogate pair, too.
  if (limit < 0 && part !== "") return text.replaceAll(part, () => by);
  const pieces = part === "" ? ["", ...text, ""] : text.split(part);
  const count = limit < 0 ? pieces.length - 1 : Math.min(Number(limit), pieces.length - 1);
  return (
    pieces.slice(0, count + 1).join(by) +
    pieces
      .slice(count + 1)
      .map((piece) => part + piece)
      .join("")
  );
}

/** How long the text becomes. */
function grown(text: string, part: string, by: string, limit: Int): number {
  let count = part === "" ? textSize(text) + 1 : 0;
  if (part !== "") for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + part.length)) count++;
  const replaced = limit < 0 || limit > count ? count : Number(limit);
  return replaced === 0 ? 0 : text.length + replaced * (by.length - part.length);
}

/** Returns the characters (code points) of a text in reverse order. */
export function reverseText(text: string): string {
  return [...text].reverse().join("");
}

/** At most `limit` parts, the last with what is left; as many as there are when it is negative. */
export function split(text: string, separator: string, limit: Int = -1): string[] {
  if (Number(limit) === 0) return [];
  const parts = separator === "" ? [...text] : text.split(separator);
  if (limit < 0 || parts.length <= limit) return parts;
  const most = Number(limit) - 1;
  return [...parts.slice(0, most), parts.slice(most).join(separator)];
}

/** Joins texts, with the separator between them. */
export function join(parts: readonly string[], separator = ""): string {
  let length = separator.length * parts.length;
  for (const part of parts) length += part.length;
  spend(length);
  return parts.join(separator);
}

/** Without the white space of Unicode at its ends. */
export function trim(text: string): string {
  // U+0085 counts and U+FEFF does not, unlike in JavaScript's own trim.
  return text.replace(/^[\p{White_Space}]+|[\p{White_Space}]+$/gu, "");
}

const QUOTED: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};

/** The text as a literal, in double quotes. */
export function quote(text: string): string {
  return `"${Array.from(text.toWellFormed(), (letter) => QUOTED[letter] ?? letter).join("")}"`;
}

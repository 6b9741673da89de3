// Whether JSON.parse reads a text exactly. It rounds numbers, and keeps the last of members with one name.
import type { JsonTree } from "./json-tree.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const PLUS = 0x2b;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const LETTER_E = 0x65;
/** Bit of a lower-case letter. */
const LOWER = 0x20;

/** Maximum number of digits, and the dot between them, that every number type keeps. */
const MAX_DIGITS = 15;
const MAX_EXPONENT = 300;

/** Returns undefined for a broken text. */
export function parseQuick(text: string): JsonTree | undefined {
  try {
    return JSON.parse(text) as JsonTree;
  } catch {
    return undefined;
  }
}

/**
 * Returns the number of member names in a JSON text: that of the colons outside of strings. Returns -1 for a text that
 * the exact reader must read: a number that is a member, an item of a list of numbers, or the text itself has more than
 * 15 digits or a large exponent, or a string has half a character. Numbers in mixed lists are values of
 * google.protobuf.Value, to which `JSON.parse` gives the nearest double.
 */
export function namesIn(text: string): number {
  if (text.includes("\\u") && /\\u[dD][89a-fA-F]/.test(text)) return -1;
  if (endOfNumber(text, nonSpace(text, 0)) === -1) return -1;
  let count = 0;
  let colon = text.indexOf(":");
  let quote = text.indexOf('"');
  while (colon !== -1) {
    if (quote === -1 || colon < quote) {
      count++;
      if (isLongAfter(text, colon + 1)) return -1;
      colon = text.indexOf(":", colon + 1);
    } else {
      const end = endOfString(text, quote + 1);
      quote = text.indexOf('"', end + 1);
      if (colon < end) colon = text.indexOf(":", end + 1);
    }
  }
  return count;
}

/** Returns the index of the closing quote. */
function endOfString(text: string, from: number): number {
  const end = text.indexOf('"', from);
  if (text.charCodeAt(end - 1) !== BACKSLASH) return end;
  let i = from;
  for (let code = text.charCodeAt(i); code !== QUOTE; code = text.charCodeAt(++i)) if (code === BACKSLASH) i++;
  return i;
}

/** Looks at the value that begins here, and at the numbers and strings that a list begins with. */
function isLongAfter(text: string, from: number): boolean {
  let i = nonSpace(text, from);
  if (text.charCodeAt(i) !== OPEN_LIST) return endOfNumber(text, i) === -1;
  for (;;) {
    const code = text.charCodeAt(i);
    if (code === OPEN_LIST || code === CLOSE_LIST || code === COMMA || code <= 0x20) i++;
    else if (code === QUOTE) i = endOfString(text, i + 1) + 1;
    else {
      const end = endOfNumber(text, i);
      if (end === i || end === -1) return end === -1;
      i = end;
    }
  }
}

function nonSpace(text: string, from: number): number {
  let i = from;
  while (text.charCodeAt(i) <= 0x20) i++;
  return i;
}

/** Returns the index behind a number, `from` if there is none, and -1 if it is long. */
function endOfNumber(text: string, from: number): number {
  let i = text.charCodeAt(from) === MINUS ? from + 1 : from;
  const digits = i;
  for (let code = text.charCodeAt(i); isDigit(code) || code === DOT; code = text.charCodeAt(i)) i++;
  if (i - digits > MAX_DIGITS) return -1;
  if (i === digits || (text.charCodeAt(i) | LOWER) !== LETTER_E) return i;
  const sign = text.charCodeAt(++i);
  if (sign === PLUS || sign === MINUS) i++;
  let exponent = 0;
  for (let code = text.charCodeAt(i); isDigit(code); code = text.charCodeAt(++i))
    exponent = exponent * 10 + code - 0x30;
  return exponent > MAX_EXPONENT ? -1 : i;
}
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

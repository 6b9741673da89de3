import { ELEMENT } from "./element.ts";

const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const LETTER_U = 0x75;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Value of `masks` for strings under any name. */
export const ANY_NAME = "*";

/**
 * Number of members of one object above which each counts as three. Engines keep such an object as a hash table, which
 * costs that much more.
 */
const MANY_MEMBERS = 1000;
/** Length in bytes below which a string's cost is negligible. */
const LONG_STRING = 3000;
const LIST = -1;

/** 1 for each byte with a meaning outside of strings. Most bytes of a long text have none. */
const STRUCTURAL = new Uint8Array(256);
for (const byte of [QUOTE, COMMA, COLON, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT]) STRUCTURAL[byte] = 1;

/**
 * Returns the elements of lists and members of objects in a JSON text at any depth, in `ELEMENT`s. Costs of strings
 * beyond their length are included. In invalid JSON, the elements before the fault count.
 *
 * @param masks names under which a string is split: those of fields of type google.protobuf.FieldMask
 * @param most counting may stop above this number
 */
export function countJson(bytes: Uint8Array, masks: ReadonlySet<string>, most: number): number {
  let count = 0;
  let opened = false; // by the byte before, spaces left out
  let members = LIST; // so many so far of the innermost object
  const around: number[] = [];
  let [from, to] = [0, 0]; // the last string
  let [nameFrom, nameTo] = [0, 0]; // the last one before a colon
  for (let i = 0; i < bytes.length && count <= most; i++) {
    const byte = bytes[i] as number;
    if (opened) {
      if (byte <= 0x20) continue;
      opened = false;
      if (byte !== CLOSE_LIST && byte !== CLOSE_OBJECT) {
        count += ELEMENT;
        if (members !== LIST) members = 1;
      }
    }
    if (STRUCTURAL[byte] === 0) {
      i = skipped(bytes, i + 1) - 1;
      continue;
    }
    if (byte === QUOTE) {
      from = i + 1;
      i = to = endOfString(bytes, from);
      if (to - from > LONG_STRING) {
        count += costOfDigits(bytes, from, to, most);
        if (masks.size > 0 && isMask(bytes, nameFrom, nameTo, masks)) count += costOfMask(to - from);
      }
    } else if (byte === COMMA) {
      count += members !== LIST && ++members > MANY_MEMBERS ? 3 * ELEMENT : ELEMENT;
    } else if (byte === COLON) {
      nameFrom = from;
      nameTo = to;
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      opened = true;
      around.push(members);
      members = byte === OPEN_LIST ? LIST : 0;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      members = around.pop() ?? LIST;
    }
  }
  return count;
}

/** Returns the index of the next byte with a meaning. */
function skipped(bytes: Uint8Array, from: number): number {
  const { length } = bytes;
  let i = from;
  while (i < length && STRUCTURAL[bytes[i] as number] === 0) i++;
  return i;
}

/** Returns the index of the closing quote. */
function endOfString(bytes: Uint8Array, from: number): number {
  const end = bytes.indexOf(QUOTE, from); // a tenth of what a loop takes
  if (end === -1) return bytes.length;
  if (bytes[end - 1] !== BACKSLASH) return end;
  let i = from;
  for (; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === QUOTE) break;
    if (byte === BACKSLASH) i++;
  }
  return i;
}

/**
 * Returns the cost of a string that is a number. Conversion to a 64-bit integer takes time by the square of the digits,
 * before it finds that the number is too large. The cost grows likewise: a million digits count as some 100,000
 * elements, a thousand as none.
 */
function costOfDigits(bytes: Uint8Array, from: number, to: number, most: number): number {
  let digits = 0;
  const tooMany = 3000 * (Math.sqrt(most / ELEMENT) + 1);
  for (let i = from; i < to && digits < tooMany; i++) {
    const byte = bytes[i] as number;
    if (isDigit(byte)) digits++;
    else if (byte === BACKSLASH) {
      if (bytes[++i] !== LETTER_U) continue; // at worst a space
      i += 4;
      if (isDigit(bytes[i] as number)) digits++;
    } else if (byte > 0x20 && byte < 0x80 && byte !== PLUS && byte !== MINUS) return 0;
  }
  return Math.floor((digits / 3000) ** 2) * ELEMENT;
}
const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

/** Every path of a mask is an element, and each of its letters is read separately. */
const costOfMask = (length: number): number => Math.ceil(length / 5) * ELEMENT;

function isMask(bytes: Uint8Array, from: number, to: number, masks: ReadonlySet<string>): boolean {
  if (masks.has(ANY_NAME)) return true;
  if (to - from > 1000) return false;
  const name = String.fromCharCode(...bytes.subarray(from, to));
  return masks.has(name) || name.includes("\\"); // whatever it spells
}

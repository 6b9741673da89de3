import type { Token } from "./tokens.ts";

/** Value of adjacent string literals, and the source position of each of its UTF-16 code units. */
export interface DecodedString {
  readonly value: string;
  /** Offsets of the first and past the last source character of each code unit. */
  readonly from: readonly number[];
  readonly to: readonly number[];
  /** Offset of the first character inside the quotes; where an empty string's (missing) characters stand. */
  readonly start: number;
}

interface Piece {
  readonly bytes: readonly number[];
  readonly from: number;
  readonly to: number;
}

const simple: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 };
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Decodes string literals as protobuf does (language specification, "String literals"): `\xHH` and octal escapes give
 * bytes, so several of them may make up one character.
 */
export function decodeString(parts: readonly Token[]): DecodedString {
  const start = (parts[0]?.from ?? 0) + 1;
  const text = plainValue(parts);
  if (text !== undefined && !/[^\p{ASCII}]/u.test(text)) {
    // Most are: each character is one byte and one code unit.
    const from = parts.flatMap((part) => Array.from({ length: part.text.length - 2 }, (_, i) => part.from + 1 + i));
    return { value: text, from, to: from.map((offset) => offset + 1), start };
  }
  const bytes: number[] = [];
  const origins: Piece[] = [];
  for (const part of parts) {
    for (const piece of pieces(part)) {
      for (const byte of piece.bytes) {
        bytes.push(byte);
        origins.push(piece);
      }
    }
  }
  const from: number[] = [];
  const to: number[] = [];
  let value = "";
  for (let i = 0; i < bytes.length; ) {
    const length = sequenceLength(bytes[i] ?? 0);
    const character = decoder.decode(Uint8Array.from(bytes.slice(i, i + length)));
    for (let unit = 0; unit < character.length; unit++) {
      from.push(origins[i]?.from ?? 0);
      to.push(origins[Math.min(i + length, origins.length) - 1]?.to ?? 0);
    }
    value += character;
    i += length;
  }
  return { value, from, to, start };
}

/** The value of literals without escapes, which most are; undefined for others. */
export function plainValue(parts: readonly Token[]): string | undefined {
  if (parts.some(({ text }) => text.includes("\\"))) return undefined;
  return parts.map(({ text }) => text.slice(1, -1)).join("");
}

function* pieces(part: Token): Generator<Piece> {
  const end = part.text.length - 1;
  for (let i = 1; i < end; ) {
    const rest = part.text.slice(i, Math.min(i + 10, end));
    const { bytes, length } = rest.startsWith("\\") ? escaped(rest) : plain(rest);
    yield { bytes, from: part.from + i, to: part.from + i + length };
    i += length;
  }
}

function plain(rest: string): { bytes: readonly number[]; length: number } {
  const character = String.fromCodePoint(rest.codePointAt(0) ?? 0);
  return { bytes: [...encoder.encode(character)], length: character.length };
}

function escaped(rest: string): { bytes: readonly number[]; length: number } {
  const hex = /^\\[xX]([0-9a-fA-F]{1,2})/.exec(rest);
  if (hex !== null) return { bytes: [Number.parseInt(hex[1] ?? "", 16)], length: hex[0].length };
  const octal = /^\\([0-7]{1,3})/.exec(rest);
  if (octal !== null) return { bytes: [Number.parseInt(octal[1] ?? "", 8) & 0xff], length: octal[0].length };
  const unicode = /^\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(rest);
  if (unicode !== null) {
    const point = Number.parseInt(unicode[1] ?? unicode[2] ?? "", 16);
    return {
      bytes: point > 0x10ffff ? [] : [...encoder.encode(String.fromCodePoint(point))],
      length: unicode[0].length,
    };
  }
  const character = rest.charAt(1);
  const code = simple[character];
  // \\ \' \" \? mean the character itself.
  return code === undefined
    ? { ...plain(rest.slice(1)), length: 1 + plain(rest.slice(1)).length }
    : { bytes: [code], length: 2 };
}

function sequenceLength(lead: number): number {
  if (lead >= 0xf0) return 4;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc0 ? 2 : 1;
}

import type { Span } from "./ast.ts";

const SIMPLE: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  "\\": 92,
  "?": 63,
  '"': 34,
  "'": 39,
  "`": 96,
};
const ESCAPE = /\\(?:([abfnrtv\\?"'`])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2}))/y;

/**
 * Decodes the text between the quotes of a literal (CEL spec, "String and Bytes Values"). In a string an escape is a
 * code point; in bytes `\x` and octals are one byte. For a malformed text, returns the fault with its place, counted
 * from the first character between the quotes.
 */
export function decodeString(
  body: string,
  raw: boolean,
  bytes: boolean,
): { readonly value: string | Uint8Array } | (Span & { readonly message: string }) {
  const text = body.replace(/\r\n?/g, "\n");
  if (raw || !body.includes("\\")) return { value: bytes ? new TextEncoder().encode(text) : text };
  const parts: (string | number)[] = [];
  for (let at = 0; at < body.length; ) {
    if (body[at] !== "\\") {
      const end = body.indexOf("\\", at);
      const stop = end === -1 ? body.length : end;
      parts.push(body.slice(at, stop).replace(/\r\n?/g, "\n"));
      at = stop;
      continue;
    }
    ESCAPE.lastIndex = at;
    const match = ESCAPE.exec(body);
    if (match === null) {
      return {
        start: at,
        end: Math.min(at + 2, body.length),
        message: `${JSON.stringify(body.slice(at, at + 2))
          .slice(1, -1)
          .replace("\\\\", "\\")} is not an escape`,
      };
    }
    const [all, simple, byte, short, long, octal] = match;
    const span = { start: at, end: at + all.length };
    const unicode = short ?? long;
    if (bytes && unicode !== undefined) return { ...span, message: `bytes have no escape ${all}` };
    const code = codeOf(simple, octal, byte ?? unicode);
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
      return { ...span, message: `${all} is not a code point` };
    parts.push(bytes ? code : String.fromCodePoint(code));
    at = span.end;
  }
  return { value: bytes ? toBytes(parts) : parts.join("") };
}

/** Returns the number of an escape, in the one of three notations that it has. */
function codeOf(simple: string | undefined, octal: string | undefined, hex: string | undefined): number {
  if (simple !== undefined) return SIMPLE[simple] ?? 0;
  return octal !== undefined ? Number.parseInt(octal, 8) : Number.parseInt(hex ?? "", 16);
}

function toBytes(parts: readonly (string | number)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) => (typeof part === "number" ? [part] : [...new TextEncoder().encode(part)])),
  );
}

import type { Span, SyntaxFault } from "./ast.ts";

/** A word, a literal or a sign of CEL (spec, "Syntax"). */
export type CelToken = Span &
  (
    | { readonly kind: "word"; readonly text: string }
    /** A field between backticks; `text` is the part between them. */
    | { readonly kind: "quoted"; readonly text: string }
    | { readonly kind: "sign"; readonly text: string }
    /** Without its sign, because the parser decides if a minus belongs to it. */
    | { readonly kind: "integer"; readonly text: string; readonly value: bigint; readonly unsigned: boolean }
    | { readonly kind: "double"; readonly text: string; readonly value: number }
    | { readonly kind: "string"; readonly text: string; readonly value: string | Uint8Array }
    | { readonly kind: "end"; readonly text: "" }
  );

const BLANK = /(?:[\t\n\f\r ]|\/\/[^\n]*)+/y;
const NUMBER = /0x[0-9a-fA-F]+[uU]?|(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?[uU]?/y;
const WORD = /[A-Za-z_]\w*/y;
const QUOTED = /`([\w.\-/ ]+)`/y;
const ARROW = "write a macro in place of a function: list.map(item, item.name)";
const OPENING_QUOTE = /([bB]?[rR]?)("""|'''|"|')/y;
const SIGN = /==|!=|<=|>=|&&|\|\||[<>[\]{}().,\-!?:+*/%]/y;

/** Returns all tokens, the last of kind "end", or the first text that is no token. */
export function lex(text: string): { readonly tokens: readonly CelToken[] } | { readonly fault: SyntaxFault } {
  const tokens: CelToken[] = [];
  let at = 0;
  for (;;) {
    at += matchAt(BLANK, text, at)?.[0].length ?? 0;
    if (at >= text.length) {
      tokens.push({ kind: "end", text: "", start: text.length, end: text.length });
      return { tokens };
    }
    const token = next(text, at);
    if ("code" in token) return { fault: token };
    tokens.push(token);
    at = token.end;
  }
}

/** Literals of other languages, with their corrections. */
const ALMOST: readonly (readonly [pattern: RegExp, hint: (written: string) => string])[] = [
  [/0X[0-9a-fA-F]+[uU]?/y, (written) => `write ${written.replace("X", "x")}`],
  [/[rR][bB](?=["'])/y, ([r, b]) => `write ${b}${r}, with the b before the r`],
];

function next(text: string, start: number): CelToken | SyntaxFault {
  for (const [pattern, hint] of ALMOST) {
    const found = matchAt(pattern, text, start)?.[0];
    if (found === undefined) continue;
    const message = `unexpected ${JSON.stringify(found)}`;
    return { code: "BFF301", start, end: start + found.length, message, hint: hint(found) };
  }
  const open = matchAt(OPENING_QUOTE, text, start);
  if (open !== undefined) return string(text, start, open[1] ?? "", open[2] ?? "");
  const word = matchAt(WORD, text, start)?.[0];
  if (word !== undefined) return { kind: "word", text: word, start, end: start + word.length };
  const number = matchAt(NUMBER, text, start)?.[0];
  if (number !== undefined) return numeric(number, start);
  const quoted = matchAt(QUOTED, text, start);
  if (quoted !== undefined) return { kind: "quoted", text: quoted[1] ?? "", start, end: start + quoted[0].length };
  const sign = matchAt(SIGN, text, start)?.[0];
  if (sign !== undefined) return { kind: "sign", text: sign, start, end: start + sign.length };
  const character = String.fromCodePoint(text.codePointAt(start) ?? 0);
  const at = { code: "BFF301", start, end: start + character.length } as const;
  if (character === "`") {
    return {
      ...at,
      message: "the name is not closed",
      hint: text.includes("${", start)
        ? "join texts with +: 'a ' + x"
        : "write only letters, digits, _ . - / and blanks between backticks",
    };
  }
  return {
    ...at,
    message: `unexpected ${JSON.stringify(character)}`,
    hint: text.startsWith("=>", start) ? ARROW : HINTS[character],
  };
}

const HINTS: Readonly<Record<string, string>> = {
  "=": "compare with `==`",
  "&": "write `&&`",
  "|": "write `||`",
  $: "write `args`, the name of the arguments",
};

function numeric(text: string, start: number): CelToken | SyntaxFault {
  const span = { start, end: start + text.length };
  const unsigned = /[uU]$/.test(text);
  const digits = unsigned ? text.slice(0, -1) : text;
  if (/^(0x|\d+$)/.test(digits)) return { kind: "integer", text, value: BigInt(digits), unsigned, ...span };
  if (unsigned) {
    return { code: "BFF301", ...span, message: "an unsigned number has no fraction", hint: `write uint(${digits})` };
  }
  const value = Number(digits);
  if (Number.isFinite(value)) return { kind: "double", text, value, ...span };
  return { code: "BFF309", ...span, message: "the number does not fit into a double", hint: undefined };
}

function string(text: string, start: number, prefix: string, quote: string): CelToken | SyntaxFault {
  const raw = /r/i.test(prefix);
  const from = start + prefix.length + quote.length;
  let at = from;
  for (;;) {
    if (text.startsWith(quote, at)) break;
    if (at >= text.length || (quote.length === 1 && /[\n\r]/.test(text[at] ?? ""))) {
      const span = { start, end: start + prefix.length + quote.length };
      return { code: "BFF301", ...span, message: "the string is not closed", hint: `close it with ${quote}` };
    }
    at += !raw && text[at] === "\\" ? 2 : 1;
  }
  const end = at + quote.length;
  const decoded = decodeString(text.slice(from, at), raw, /b/i.test(prefix));
  if ("message" in decoded) {
    return {
      code: "BFF301",
      start: from + decoded.start,
      end: from + decoded.end,
      message: decoded.message,
      hint: undefined,
      anchor: start,
    };
  }
  return { kind: "string", text: text.slice(start, end), value: decoded.value, start, end };
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

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
function decodeString(
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

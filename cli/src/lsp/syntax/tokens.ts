// Tokens of a .proto file that is being edited. Unlike in the compiler's tokens, an open string ends with its line.

/** A token with its offsets (UTF-16 code units); white space and comments are left out. */
export interface Token {
  readonly kind: "word" | "number" | "string" | "symbol";
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  readonly text: string;
}

const TRIVIA = /(?:[\s\uFEFF]|\/\/[^\n]*|#[^\n]*|\/\*[\s\S]*?(?:\*\/|$))*/y;
const KINDS: readonly (readonly [Token["kind"], RegExp])[] = [
  ["word", /[A-Za-z_]\w*/y],
  ["number", /\.?[0-9](?:[eE][+-]|[\w.])*/y],
  ["string", /"(?:\\[^\n]|[^"\\\n])*(?:"|\\(?=\n|$))?|'(?:\\[^\n]|[^'\\\n])*(?:'|\\(?=\n|$))?/y],
  ["symbol", /[\s\S]/y],
];

/** Returns the tokens of any text. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = endOf(TRIVIA, text, 0); at < text.length; at = endOf(TRIVIA, text, at)) {
    for (const [kind, pattern] of KINDS) {
      const to = endOf(pattern, text, at);
      if (to === at) continue;
      tokens.push({ kind, from: at, to, text: text.slice(at, to) });
      at = to;
      break;
    }
  }
  return tokens;
}

/** Returns true if a string token has its closing quote. */
export function isClosed({ text }: Token): boolean {
  const quote = text.charAt(0);
  if (text.length < 2 || !text.endsWith(quote)) return false;
  const backslashes = /\\*$/.exec(text.slice(1, -1))?.[0].length ?? 0;
  return backslashes % 2 === 0;
}

function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

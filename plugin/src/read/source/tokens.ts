/** A token of a .proto file with its offsets; white space and comments are left out. */
export interface Token {
  readonly kind: "word" | "number" | "string" | "symbol";
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  readonly text: string;
}

// `#` starts a comment in text format; elsewhere no valid file has it outside a string.
const trivia = /(?:[\s\uFEFF]|\/\/[^\n]*|#[^\n]*|\/\*[\s\S]*?(?:\*\/|$))*/y;
// An open string, as in a file that is being edited, ends with its line.
const PATTERNS = {
  word: /[A-Za-z_]\w*/y,
  number: /0[xX][0-9a-fA-F]+|\.?[0-9](?:[eE][+-]|[\w.])*/y,
  string: /"(?:\\[^\n]|[^"\\\n])*(?:"|\\(?=\n|$))?|'(?:\\[^\n]|[^'\\\n])*(?:'|\\(?=\n|$))?/y,
  symbol: /[\s\S]/y,
};
const KINDS = Object.entries(PATTERNS) as [Token["kind"], RegExp][];

/**
 * Returns the tokens of any text.
 *
 * @example
 * tokenize('name: "a"').map(({ kind }) => kind); // word, symbol, string
 */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = end(trivia, text, 0);
  while (at < text.length) {
    for (const [kind, pattern] of KINDS) {
      const to = end(pattern, text, at);
      if (to === at) continue;
      tokens.push({ kind, from: at, to, text: text.slice(at, to) });
      at = to;
      break;
    }
    at = end(trivia, text, at);
  }
  return tokens;
}

function end(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/** Returns true if a string token has its closing quote. */
export function isClosed({ text }: Token): boolean {
  const quote = text.charAt(0);
  if (text.length < 2 || !text.endsWith(quote)) return false;
  const backslashes = /\\*$/.exec(text.slice(1, -1))?.[0].length ?? 0;
  return backslashes % 2 === 0;
}

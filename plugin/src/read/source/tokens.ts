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
type Patterns = Readonly<Record<Token["kind"], RegExp>>;
const PATTERNS: Patterns = {
  word: /[A-Za-z_]\w*/y,
  number: /0[xX][0-9a-fA-F]+|\.?[0-9](?:[eE][+-]|[\w.])*/y,
  string: /"(?:\\[\s\S]|[^"\\])*"?|'(?:\\[\s\S]|[^'\\])*'?/y,
  symbol: /[\s\S]/y,
};

/**
 * Returns the tokens of a file. The file has been compiled before, so it is valid; the tokens of any other text need
 * patterns for its faults.
 *
 * @example
 * tokenize('name: "a"').map(({ kind }) => kind); // word, symbol, string
 */
export function tokenize(text: string, patterns: Partial<Patterns> = {}): readonly Token[] {
  const kinds = Object.entries({ ...PATTERNS, ...patterns }) as [Token["kind"], RegExp][];
  const tokens: Token[] = [];
  let at = end(trivia, text, 0);
  while (at < text.length) {
    for (const [kind, pattern] of kinds) {
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

/** A walk over tokens. Past the last one `peek` gives an empty symbol, so that walkers need no end checks to stop. */
export interface TokenWalk {
  readonly peek: (ahead?: number) => Token;
  readonly next: () => Token;
  /** Steps over the next token when it is this symbol or word. */
  readonly take: (text: string) => boolean;
  readonly done: () => boolean;
}

export function walk(tokens: readonly Token[]): TokenWalk {
  let index = 0;
  const last = tokens.at(-1)?.to ?? 0;
  const nothing: Token = { kind: "symbol", from: last, to: last, text: "" };
  const peek = (ahead = 0) => tokens[index + ahead] ?? nothing;
  return {
    peek,
    next: () => {
      const token = peek();
      index++;
      return token;
    },
    take: (text) => {
      const same = peek().text === text;
      if (same) index++;
      return same;
    },
    done: () => index >= tokens.length,
  };
}

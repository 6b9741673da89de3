// Tokens of a .proto file that is being edited. Unlike in the compiler's tokens, an open string ends with its line.
import { type Token, tokenize } from "protoc-gen-bff/compiler";

export type { Token };

const NUMBER = /\.?[0-9](?:[eE][+-]|[\w.])*/y;
const STRING = /"(?:\\[^\n]|[^"\\\n])*(?:"|\\(?=\n|$))?|'(?:\\[^\n]|[^'\\\n])*(?:'|\\(?=\n|$))?/y;

/** Returns the tokens of any text. */
export const tokensOf = (text: string): readonly Token[] => tokenize(text, { number: NUMBER, string: STRING });

/** Returns true if a string token has its closing quote. */
export function isClosed({ text }: Token): boolean {
  const quote = text.charAt(0);
  if (text.length < 2 || !text.endsWith(quote)) return false;
  const backslashes = /\\*$/.exec(text.slice(1, -1))?.[0].length ?? 0;
  return backslashes % 2 === 0;
}

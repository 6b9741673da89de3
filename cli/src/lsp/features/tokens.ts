import { lex, MACROS } from "protoc-gen-bff/internal/language";
import { SemanticTokensBuilder } from "vscode-languageserver";
import { meaningOf } from "../options/meanings.ts";
import { fieldNameOf, typedPath } from "../options/typed-path.ts";
import type { Program, SourceFile } from "../program/program.ts";
import { decoded } from "../syntax/cursor.ts";
import { stringsOf } from "../syntax/values.ts";

/** Types of tokens, in the order of their numbers. */
export const TOKEN_TYPES = [
  "variable",
  "property",
  "function",
  "macro",
  "keyword",
  "string",
  "number",
  "operator",
  "enumMember",
] as const;
type TokenType = (typeof TOKEN_TYPES)[number];

const KEYWORDS: ReadonlySet<string> = new Set(["true", "false", "null", "in"]);

/** Returns the tokens of all expressions of a file, for colours. */
export function semanticTokens(program: Program, file: SourceFile): { data: number[] } {
  const found = [...stringsOf(file.parsed.file)].flatMap(({ place, value }) => {
    const path = typedPath(place, program.registry, file.parsed.package);
    if (path === undefined || meaningOf(fieldNameOf(path))?.kind !== "expression") return [];
    const { text, offsets } = decoded(value);
    return tokensIn(text).flatMap(({ start, end, type }) => {
      const [from, last] = [offsets[start], offsets[end - 1]];
      // A token in two pieces of a string has no place.
      return from === undefined || last === undefined || last - from !== end - 1 - start
        ? []
        : [{ from, length: end - start, type }];
    });
  });
  const builder = new SemanticTokensBuilder();
  for (const { from, length, type } of found.sort((a, b) => a.from - b.from)) {
    const { line, character } = file.document.positionAt(from);
    builder.push(line, character, length, TOKEN_TYPES.indexOf(type), 0);
  }
  return builder.build();
}

interface ExpressionToken {
  readonly start: number;
  readonly end: number;
  readonly type: TokenType;
}

function tokensIn(text: string): readonly ExpressionToken[] {
  const lexed = lex(text);
  if (!("tokens" in lexed)) return [];
  return lexed.tokens.flatMap((token, i, all): ExpressionToken[] => {
    const { start, end } = token;
    const type = TYPES[token.kind] ?? wordType(token.text, all[i - 1]?.text, all[i + 1]?.text);
    return token.kind === "end" || (token.kind === "sign" && /[(){}[\],.]/.test(token.text))
      ? []
      : [{ start, end, type }];
  });
}
const TYPES: Readonly<Record<string, TokenType>> = {
  string: "string",
  integer: "number",
  double: "number",
  sign: "operator",
  quoted: "property",
};

function wordType(word: string, before: string | undefined, after: string | undefined): TokenType {
  if (KEYWORDS.has(word) && before !== ".") return "keyword";
  const isMember = before === "." || before === "?";
  if (after === "(") return (MACROS.has(word) && isMember) || word === "has" || word === "ok" ? "macro" : "function";
  if (isMember && /^[A-Z][A-Z0-9_]*$/.test(word)) return "enumMember";
  return isMember ? "property" : "variable";
}

import type { Token, TokenWalk } from "./tokens.ts";

/** The value of an option as written, with offsets into the source. */
export type OptionLiteral =
  | { readonly kind: "scalar"; readonly from: number; readonly to: number }
  | { readonly kind: "string"; readonly from: number; readonly to: number; readonly parts: readonly Token[] }
  | { readonly kind: "message"; readonly from: number; readonly to: number; readonly fields: readonly LiteralField[] }
  | { readonly kind: "list"; readonly from: number; readonly to: number; readonly items: readonly OptionLiteral[] };

interface LiteralField {
  /** The proto field's name; of an extension, its name in brackets. */
  readonly name: string;
  readonly value: OptionLiteral;
}

/** Steps over one option value: a scalar, adjacent strings, a message in braces or angles, a list. */
export function parseLiteral(tokens: TokenWalk): OptionLiteral {
  const first = tokens.peek();
  const from = first.from;
  if (first.kind === "string") {
    const parts: Token[] = [];
    while (tokens.peek().kind === "string") parts.push(tokens.next());
    return { kind: "string", from, to: parts.at(-1)?.to ?? first.to, parts };
  }
  if (tokens.take("{")) return parseMessage(tokens, from, "}");
  if (tokens.take("<")) return parseMessage(tokens, from, ">");
  if (tokens.take("[")) {
    const items: OptionLiteral[] = [];
    while (!tokens.done() && tokens.peek().text !== "]") {
      items.push(parseLiteral(tokens));
      tokens.take(",");
    }
    return { kind: "list", from, to: tokens.next().to, items };
  }
  if (first.text === "-" || first.text === "+") tokens.next();
  return { kind: "scalar", from, to: tokens.next().to };
}

function parseMessage(tokens: TokenWalk, from: number, close: string): OptionLiteral {
  const fields: LiteralField[] = [];
  while (!tokens.done() && tokens.peek().text !== close) {
    let name = tokens.next().text;
    if (name === "[") {
      while (!tokens.done() && tokens.peek().text !== "]") name += tokens.next().text;
      name += tokens.next().text;
    }
    tokens.take(":");
    fields.push({ name, value: parseLiteral(tokens) });
    if (!tokens.take(",")) tokens.take(";");
  }
  return { kind: "message", from, to: tokens.next().to, fields };
}

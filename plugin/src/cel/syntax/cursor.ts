import type { SyntaxFault } from "./ast.ts";
import type { CelToken } from "./lex.ts";
import { KEYWORDS, RESERVED } from "./words.ts";

/** Ends parsing; `parseExpression` makes a fault of it. */
export class Stop extends Error {
  readonly fault: SyntaxFault;

  constructor(fault: SyntaxFault) {
    super(fault.message);
    this.fault = fault;
  }
}

/** The place in an expression that has been read up to, for `parse.ts`. */
export class Cursor {
  readonly #tokens: readonly CelToken[];
  #index = 0;

  constructor(tokens: readonly CelToken[]) {
    this.#tokens = tokens;
  }

  next(): void {
    this.#index++;
  }

  /** Returns true if the token after the next one is a number. */
  numberBehind(): boolean {
    const kind = this.#tokens[this.#index + 1]?.kind;
    return kind === "integer" || kind === "double";
  }

  /** The one that is next. */
  get token(): CelToken {
    return this.#tokens[this.#index] ?? { kind: "end", text: "", start: 0, end: 0 };
  }

  /** The one that was passed last. */
  get before(): CelToken | undefined {
    return this.#tokens[this.#index - 1];
  }

  /** Returns true if the next token is this sign. */
  is(sign: string): boolean {
    return this.token.kind === "sign" && this.token.text === sign;
  }

  /** Returns the next token and passes it, if it is this sign. */
  take(sign: string): CelToken | undefined {
    const token = this.token;
    if (!this.is(sign)) return undefined;
    this.#index++;
    return token;
  }

  /** Passes this sign, or ends parsing. */
  need(sign: string, hint: string): CelToken {
    return this.take(sign) ?? this.unexpected(hint);
  }

  /** Passes the name of a field: words of CEL's own need backticks there. */
  field(): CelToken {
    const { token } = this;
    if (token.kind !== "quoted" && (token.kind !== "word" || KEYWORDS.has(token.text))) {
      const hint =
        token.kind === "word" ? `write \`${token.text}\`, in backticks, for the field of that name` : undefined;
      this.unexpected(undefined, hint);
    }
    this.#index++;
    return token;
  }

  /** Ends parsing at the next token. The hint `better` has priority over hints for reserved words. */
  unexpected(hint?: string, better?: string): never {
    const { kind, text, start, end } = this.token;
    const before = this.before;
    if (kind === "end" && before !== undefined) {
      const at = { start: before.start, end: before.end };
      const after = before.kind === "sign" ? ` after ${JSON.stringify(before.text)}` : " too early";
      throw new Stop({
        code: "BFF301",
        ...at,
        message: `the expression ends${after}`,
        hint: before.kind === "sign" ? undefined : hint,
      });
    }
    const reserved = kind === "word" && RESERVED.has(text) ? `replace "${text}", a reserved word of CEL` : hint;
    const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
    throw new Stop({
      code: "BFF301",
      start,
      end,
      message: `unexpected ${JSON.stringify(shown)}`,
      hint: better ?? reserved,
    });
  }
}

import { type Ast, dottedName, partsOf, type Span, type SyntaxFault } from "./ast.ts";
import { Cursor, Stop } from "./cursor.ts";
import { FOREIGN_WORDS } from "./foreign.ts";
import { type CelToken, lex } from "./lex.ts";
import { KEYWORDS, PRODUCTS, RELATIONS, RESERVED, SUMS, WORDS } from "./words.ts";

interface Syntax {
  /** `a.?b`, `a[?i]`, `[?x]`, `{?k: v}`, `Msg{?f: v}`. */
  readonly optionals: boolean;
}

/** Maximum nesting of an expression, as in cel-go. */
const DEEPEST = 250;
/**
 * Maximum height of its tree. Chains such as `a + b + c` make it higher than it is deep. The limit lets everything
 * after the parser recurse.
 */
const HIGHEST = 500;

/** Parses CEL's grammar by recursive descent. Returns the expression as written, or its faults with their places. */
export function parseExpression(
  text: string,
  syntax: Syntax = { optionals: true },
): { readonly ast: Ast } | { readonly faults: readonly SyntaxFault[] } {
  const lexed = lex(text);
  if ("fault" in lexed) return { faults: [lexed.fault] };
  if (lexed.tokens.length === 1) {
    return {
      faults: [{ code: "BFF301", start: 0, end: text.length, message: "the expression is empty", hint: undefined }],
    };
  }
  const parser = new Parser(lexed.tokens, syntax);
  try {
    const ast = parser.all();
    return parser.faults.length > 0 ? { faults: parser.faults } : { ast };
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return { faults: [...parser.faults, error.fault] };
  }
}

class Parser {
  readonly #at: Cursor;
  readonly #syntax: Syntax;
  /** Places of expressions in parentheses, including the parentheses. */
  readonly #outer = new WeakMap<Ast, Span>();
  readonly #heights = new WeakMap<Ast, number>();
  /** Faults of parts that are parsed although the syntax lacks them. */
  readonly faults: SyntaxFault[] = [];
  #depth = 0;

  constructor(tokens: readonly CelToken[], syntax: Syntax) {
    this.#at = new Cursor(tokens);
    this.#syntax = syntax;
  }

  all(): Ast {
    const ast = this.#expression();
    const { kind, text } = this.#at.token;
    if (kind !== "end") this.#at.unexpected(kind === "word" ? FOREIGN_WORDS.get(text) : undefined);
    return ast;
  }

  #unsupported(at: Span): void {
    if (this.#syntax.optionals) return;
    this.faults.push({
      code: "BFF301",
      start: at.start,
      end: at.end,
      message: "optional syntax is not part of the language here",
      hint: undefined,
    });
  }

  #tooDeep(): never {
    const { start, end } = this.#at.token;
    const hint = "split it into steps";
    throw new Stop({ code: "BFF301", start, end, message: "the expression is nested too deeply", hint });
  }

  /** Checks the height of every node with parts. Chains such as `1 + 2 + 3` make trees as high as they are long. */
  #made(ast: Ast): Ast {
    const height = 1 + Math.max(0, ...partsOf(ast).map((part) => this.#heights.get(part) ?? 0));
    if (height > HIGHEST) this.#tooDeep();
    this.#heights.set(ast, height);
    return ast;
  }

  #span(ast: Ast): Span {
    return this.#outer.get(ast) ?? ast;
  }

  #operator(fn: string, args: readonly Ast[], anchor: number, span: Span): Ast {
    const place = { start: span.start, end: span.end, anchor };
    return this.#made({ kind: "call", fn, name: place, target: undefined, args, absolute: false, ...place });
  }

  #expression(): Ast {
    if (++this.#depth > DEEPEST) this.#tooDeep();
    const condition = this.#or();
    const question = this.#at.take("?");
    if (question === undefined) {
      this.#depth--;
      return condition;
    }
    if (this.#at.is("?")) this.#at.unexpected("write x.?field.orValue(y), or ok(step) ? step.x : y");
    const optional = this.#at.is(".") && this.#at.token.start === question.end;
    const yes = this.#or();
    this.#at.need(
      ":",
      optional
        ? "read a field that may be unset with .? and orValue: x.?name.orValue(y)"
        : "write both branches of a condition: c ? a : b",
    );
    const no = this.#expression();
    this.#depth--;
    const span = { start: this.#span(condition).start, end: this.#span(no).end };
    return this.#operator("_?_:_", [condition, yes, no], question.start, span);
  }

  #or(): Ast {
    return this.#junction("||", "_||_", () => this.#junction("&&", "_&&_", () => this.#relation()));
  }

  /** Parses a chain of `&&` or `||`. They are associative, so its tree is balanced, as in cel-go. */
  #junction(sign: string, fn: string, next: () => Ast): Ast {
    const operands = [next()];
    const signs: CelToken[] = [];
    for (let token = this.#at.take(sign); token !== undefined; token = this.#at.take(sign)) {
      signs.push(token);
      operands.push(next());
    }
    const balanced = (low: number, high: number): Ast | undefined => {
      if (low === high) return operands[low];
      // `low` to `high` are operands; the sign in the middle is the root.
      const middle = Math.floor((low + high) / 2);
      const left = balanced(low, middle);
      const right = balanced(middle + 1, high);
      if (left === undefined || right === undefined) return left;
      const span = { start: this.#span(left).start, end: this.#span(right).end };
      return this.#operator(fn, [left, right], signs[middle]?.start ?? span.start, span);
    };
    return balanced(0, operands.length - 1) ?? this.#at.unexpected();
  }

  #relation(): Ast {
    return this.#chain(RELATIONS, () => this.#sum());
  }

  #sum(): Ast {
    return this.#chain(SUMS, () => this.#chain(PRODUCTS, () => this.#unary()));
  }

  /** Parses operators of one level, from the left. */
  #chain(operators: ReadonlyMap<string, string>, next: () => Ast): Ast {
    let left = next();
    for (;;) {
      const { text, kind, start } = this.#at.token;
      const fn = kind === "sign" || text === "in" ? operators.get(text) : undefined;
      if (fn === undefined) return left;
      this.#at.next();
      const right = next();
      left = this.#operator(fn, [left, right], start, { start: this.#span(left).start, end: this.#span(right).end });
    }
  }

  #unary(): Ast {
    const first = this.#at.token;
    const sign = first.kind === "sign" && (first.text === "!" || first.text === "-") ? first.text : undefined;
    if (sign === undefined) return this.#member(this.#primary());
    if (sign === "-" && this.#at.numberBehind()) {
      this.#at.next();
      return this.#member(this.#number(true, first.start));
    }
    let count = 0;
    for (; this.#at.take(sign) !== undefined; count++);
    const operand = this.#member(this.#primary());
    // Two of them cancel, as in cel-go.
    if (count % 2 === 0) return operand;
    const span = { start: first.start, end: this.#span(operand).end };
    return this.#operator(sign === "!" ? "!_" : "-_", [operand], first.start, span);
  }

  #number(negative: boolean, start: number): Ast {
    const token = this.#at.token;
    this.#at.next();
    const span = { start, end: token.end };
    if (token.kind === "double") {
      return { kind: "constant", value: negative ? -token.value : token.value, unsigned: false, ...span };
    }
    if (token.kind !== "integer") return this.#at.unexpected();
    const value = negative ? -token.value : token.value;
    const fits = token.unsigned ? BigInt.asUintN(64, value) === value : BigInt.asIntN(64, value) === value;
    if (!fits || (negative && token.unsigned)) {
      const message =
        negative && token.unsigned ? "an unsigned number cannot be negative" : "the integer does not fit into 64 bits";
      throw new Stop({ code: "BFF309", ...span, message, hint: undefined });
    }
    return { kind: "constant", value, unsigned: token.unsigned, ...span };
  }

  /** Parses fields, calls and indexes after an expression. */
  #member(first: Ast): Ast {
    let of = first;
    for (;;) {
      const { start } = this.#span(of);
      const dot = this.#at.take(".");
      if (dot !== undefined) {
        of = this.#selected(of, dot);
        continue;
      }
      const bracket = this.#at.take("[");
      if (bracket !== undefined) {
        const question = this.#at.take("?");
        if (question !== undefined) this.#unsupported({ start: bracket.start, end: question.end });
        const index = this.#expression();
        const { end } = this.#at.need("]", "end the index with ]");
        const fn = question === undefined ? "_[_]" : "_[?_]";
        of = this.#operator(fn, [of, index], bracket.start, { start, end });
        continue;
      }
      const name = this.#at.is("{") && !this.#outer.has(of) ? dottedName(of) : undefined;
      if (name === undefined) return of;
      of = this.#message(name, of);
    }
  }

  #selected(of: Ast, dot: CelToken): Ast {
    const { start } = this.#span(of);
    const question = this.#at.take("?");
    if (question !== undefined) this.#unsupported({ start: dot.start, end: question.end });
    if (question !== undefined && this.#at.is("[")) this.#at.unexpected("write a[?key] in place of a.?[key]");
    const name = this.#at.field();
    const open = name.kind === "word" && question === undefined ? this.#at.take("(") : undefined;
    if (open === undefined) {
      return this.#made({
        kind: "select",
        of,
        field: name.text,
        name: { start: name.start, end: name.end, anchor: dot.start },
        optional: question !== undefined,
        quoted: name.kind === "quoted",
        start,
        end: name.end,
        anchor: dot.start,
      });
    }
    const args = this.#arguments();
    const at = { start: name.start, end: name.end, anchor: open.start };
    const end = this.#at.before?.end ?? name.end;
    const span = { start, end, anchor: open.start };
    return this.#made({ kind: "call", fn: name.text, name: at, target: of, args, absolute: false, ...span });
  }

  /** Parses the arguments of a call, including the closing parenthesis. */
  #arguments(): readonly Ast[] {
    if (this.#at.take(")") !== undefined) return [];
    const args = [this.#expression()];
    while (this.#at.take(",") !== undefined) args.push(this.#expression());
    this.#at.need(")", "end the call with )");
    return args;
  }

  #primary(): Ast {
    const token = this.#at.token;
    switch (token.kind) {
      case "integer":
      case "double":
        return this.#number(false, token.start);
      case "string":
        this.#at.next();
        return { kind: "constant", value: token.value, unsigned: false, start: token.start, end: token.end };
      case "word":
        return this.#word(token, false, token.start);
      case "sign":
        break;
      default:
        return this.#at.unexpected();
    }
    switch (token.text) {
      case "(": {
        this.#at.next();
        const inner = this.#expression();
        const { end } = this.#at.need(")", "close the parenthesis with )");
        this.#outer.set(inner, { start: token.start, end });
        return inner;
      }
      case "[":
        return this.#list(token.start);
      case "{":
        return this.#map(token.start);
      case ".": {
        this.#at.next();
        const word = this.#at.token;
        return word.kind === "word" && !KEYWORDS.has(word.text)
          ? this.#word(word, true, token.start)
          : this.#at.unexpected();
      }
      default:
        return this.#at.unexpected();
    }
  }

  #word(token: CelToken, absolute: boolean, start: number): Ast {
    const value = WORDS.get(token.text);
    if (value !== undefined) {
      this.#at.next();
      return { kind: "constant", value, unsigned: false, start, end: token.end };
    }
    if (RESERVED.has(token.text)) this.#at.unexpected();
    this.#at.next();
    const open = this.#at.take("(");
    if (open === undefined) return { kind: "ident", name: token.text, absolute, start, end: token.end };
    const args = this.#arguments();
    const name = { start: token.start, end: token.end, anchor: open.start };
    const end = this.#at.before?.end ?? token.end;
    const span = { start, end, anchor: open.start };
    return this.#made({ kind: "call", fn: token.text, name, target: undefined, args, absolute, ...span });
  }

  #list(start: number): Ast {
    this.#at.next();
    const elements: Ast[] = [];
    const optionals = new Set<number>();
    const end = this.#items("]", "end the list with ]", () => {
      if (this.#question()) optionals.add(elements.length);
      elements.push(this.#expression());
    });
    return this.#made({ kind: "list", elements, optionals, start, end });
  }

  #map(start: number): Ast {
    this.#at.next();
    const entries: { key: Ast; value: Ast; optional: boolean }[] = [];
    const end = this.#items("}", "end the map with }", () => {
      const optional = this.#question();
      const key = this.#expression();
      this.#at.need(":", "write an entry of a map as key: value");
      entries.push({ key, value: this.#valueOf(optional), optional });
    });
    return this.#made({ kind: "map", entries, start, end });
  }

  #message(name: string, of: Ast): Ast {
    const { start } = this.#at.need("{", "");
    const fields: { name: string; at: Span; value: Ast; optional: boolean }[] = [];
    const end = this.#items("}", "end the message with }", () => {
      const optional = this.#question();
      const field = this.#at.field();
      const colon = this.#at.need(":", "write a field of a message as field: value");
      const at = { start: field.start, end: field.end, anchor: colon.start };
      fields.push({ name: field.text, at, value: this.#valueOf(optional), optional });
    });
    const at = { start: of.start, end: of.end, anchor: start };
    return this.#made({ kind: "message", name, at, fields, start: of.start, end, anchor: start });
  }

  /** Parses the value of an entry. For an entry that the syntax lacks, one fault is enough. */
  #valueOf(optional: boolean): Ast {
    const { length } = this.faults;
    const value = this.#expression();
    if (optional && !this.#syntax.optionals) this.faults.length = length;
    return value;
  }

  /** Parses items with commas between them, and an optional last comma. Returns the place after the closing sign. */
  #items(close: string, hint: string, item: () => void): number {
    for (let first = true; ; first = false) {
      const comma = first || this.#at.take(",") !== undefined;
      const closing =
        this.#at.take(close) ?? (first && this.#at.take(",") !== undefined ? this.#at.need(close, hint) : undefined);
      if (closing !== undefined) return closing.end;
      if (!comma) this.#at.unexpected(hint);
      item();
    }
  }

  #question(): boolean {
    const token = this.#at.take("?");
    if (token !== undefined) this.#unsupported(token);
    return token !== undefined;
  }
}

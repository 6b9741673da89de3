// Reads a .proto file, also one that is being edited: everything up to a fault and most things after it have their
// places.
import { type Token, tokenize } from "./tokens.ts";
import type { Declaration, Field, OptionStatement, WrittenValue } from "./tree.ts";

/** A file as written, and its package. */
export interface Parsed {
  readonly package: string;
  readonly file: Declaration;
}

/** Maximum nesting; deeper parts are skipped. */
const DEEPEST = 100;
const BLOCKS: ReadonlySet<string> = new Set(["message", "enum", "service"]);

/**
 * Parses any text; never throws.
 *
 * @example
 * parseProto("message Page {}").file.children[0]?.name; // "Page"
 */
export function parseProto(text: string): Parsed {
  return new Parser(text).parse();
}

interface Draft {
  readonly options: OptionStatement[];
  readonly children: Declaration[];
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #length: number;
  #index = 0;
  #depth = 0;
  #package = "";

  constructor(text: string) {
    this.#tokens = tokenize(text);
    this.#length = text.length;
  }

  parse(): Parsed {
    const draft: Draft = { options: [], children: [] };
    while (this.#peek() !== undefined) {
      this.#body(draft, "", "file");
      // A brace too many.
      this.#index++;
    }
    const file: Declaration = { kind: "file", name: "", nameToken: undefined, from: 0, to: this.#length, ...draft };
    return { package: this.#package, file };
  }

  #peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#index + ahead];
  }

  #is(text: string, ahead = 0): boolean {
    const token = this.#peek(ahead);
    return token?.text === text && token.kind !== "string";
  }

  #take(text: string): boolean {
    const found = this.#is(text);
    if (found) this.#index++;
    return found;
  }

  /** Reads a closing bracket. Without it, the part ends before the next token. */
  #close(bracket: string): { readonly closed: boolean; readonly to: number } {
    const closed = this.#take(bracket);
    return { closed, to: closed ? this.#end : (this.#peek()?.from ?? this.#length) };
  }

  /** End of the last token that was read. */
  get #end(): number {
    return this.#tokens[this.#index - 1]?.to ?? 0;
  }

  /** Reads statements up to the closing brace, which it leaves. */
  #body(draft: Draft, scope: string, kind: Declaration["kind"]): void {
    while (this.#peek() !== undefined && !this.#is("}")) {
      // A brace is missing before a block that only a file has. (`service.v1.Page page = 1;` is a field.)
      if (kind !== "file" && this.#is("service") && this.#is("{", 2)) return;
      const before = this.#index;
      this.#statement(draft, scope, kind);
      if (this.#index === before) this.#index++;
    }
  }

  #statement(draft: Draft, scope: string, kind: Declaration["kind"]): void {
    const word = this.#peek()?.text ?? "";
    if (this.#take(";")) return;
    if (word === "option") {
      this.#index++;
      draft.options.push(this.#option());
      this.#take(";");
      return;
    }
    if (word === "package" && kind === "file") {
      this.#index++;
      this.#package = this.#dotted();
      return;
    }
    // Editions have words for visibility: `export message Page {`.
    if ((word === "export" || word === "local") && BLOCKS.has(this.#peek(1)?.text ?? "") && this.#is("{", 3))
      this.#index++;
    const block = this.#peek()?.text ?? "";
    if (BLOCKS.has(block) && this.#peek(1)?.kind === "word" && !this.#is("=", 2)) {
      this.#index++;
      draft.children.push(this.#block(block as "message" | "enum" | "service", scope));
      return;
    }
    if (word === "oneof" && this.#is("{", 2)) this.#oneof(draft, scope);
    else if (word === "rpc" && (kind === "service" || this.#is("(", 2))) draft.children.push(this.#rpc(scope));
    else if (word === "extend" && !this.#is("=", 1)) this.#extend(draft, scope);
    else if ((word === "reserved" || word === "extensions") && !this.#is("=", 1)) this.#skip();
    else this.#member(draft, scope, kind);
  }

  #oneof(draft: Draft, scope: string): void {
    this.#index++;
    const nameToken = this.#tokens[this.#index++];
    this.#index++;
    const options: OptionStatement[] = [];
    // Members of a oneof belong to the message.
    this.#body({ options, children: draft.children }, scope, "oneof");
    this.#take("}");
    const [from, to] = [nameToken?.from ?? this.#end, nameToken?.to ?? this.#end];
    const name = within(scope, nameToken?.text ?? "");
    draft.children.push({ kind: "oneof", name, nameToken, from, to, options, children: [] });
  }

  /** Fields of an `extend` are named in the scope around it. */
  #extend(draft: Draft, scope: string): void {
    while (this.#peek() !== undefined && !this.#is("{") && !this.#is(";") && !this.#is("}")) this.#index++;
    if (!this.#take("{")) return;
    this.#body({ options: [], children: draft.children }, scope, "oneof");
    this.#take("}");
  }

  /** Steps over the ranges and names of a message, to their semicolon. */
  #skip(): void {
    while (this.#peek() !== undefined && !this.#is(";") && !this.#is("}"))
      if (this.#is("[")) this.#bracketed();
      else this.#index++;
  }

  #block(kind: "message" | "enum" | "service", scope: string): Declaration {
    const nameToken = this.#tokens[this.#index++];
    const from = nameToken?.from ?? this.#end;
    const name = within(scope, nameToken?.text ?? "");
    return this.#braced({ kind, name, nameToken, from });
  }

  #braced(start: Pick<Declaration, "kind" | "name" | "nameToken" | "from">): Declaration {
    const draft: Draft = { options: [], children: [] };
    if (!this.#take("{")) return { ...start, to: this.#end, ...draft };
    if (++this.#depth < DEEPEST) this.#body(draft, start.name, start.kind);
    this.#depth--;
    return { ...start, to: this.#close("}").to, ...draft };
  }

  #rpc(scope: string): Declaration {
    this.#index++;
    const nameToken = this.#peek()?.kind === "word" ? this.#tokens[this.#index++] : undefined;
    while (this.#peek() !== undefined && ![";", "{", "}"].some((sign) => this.#is(sign))) {
      // The next rpc, and not a type such as `rpc.v1.Page`.
      if (this.#is("rpc") && this.#peek(1)?.kind === "word") break;
      this.#index++;
    }
    const name = within(scope, nameToken?.text ?? "");
    const rpc = this.#braced({ kind: "rpc", name, nameToken, from: nameToken?.from ?? this.#end });
    this.#take(";");
    return rpc;
  }

  /** Reads a field or an enum value: words, `=`, a number, options in brackets. */
  #member(draft: Draft, scope: string, kind: Declaration["kind"]): void {
    let nameToken: Token | undefined;
    let isGroup = false;
    while (this.#peek() !== undefined && !["=", ";", "{", "}", "["].some((sign) => this.#is(sign))) {
      isGroup = nameToken?.text === "group";
      nameToken = this.#tokens[this.#index++];
    }
    if (this.#take("{")) {
      // Something unknown.
      this.#body({ options: [], children: [] }, scope, "oneof");
      this.#take("}");
      return;
    }
    if (this.#take("=")) {
      this.#take("-");
      if (this.#peek()?.kind === "number") this.#index++;
    }
    const options = this.#bracketed();
    const field = nameToken?.kind === "word" && kind !== "file" ? nameToken : undefined;
    if (field !== undefined) {
      // A group declares a message and, in lower case, a field.
      const name = within(scope, isGroup ? field.text.toLowerCase() : field.text);
      const memberKind = kind === "enum" ? "enum_value" : "field";
      const { from } = field;
      draft.children.push({ kind: memberKind, name, nameToken: field, from, to: this.#end, options, children: [] });
    }
    if (isGroup && field !== undefined && this.#is("{")) {
      const name = within(scope, field.text);
      draft.children.push(this.#braced({ kind: "message", name, nameToken: field, from: field.from }));
    }
    this.#take(";");
  }

  /** Reads the options of a field, a value or a range, if there are any. */
  #bracketed(): readonly OptionStatement[] {
    const options: OptionStatement[] = [];
    if (this.#take("["))
      while (this.#peek() !== undefined && !this.#take("]") && !this.#is(";") && !this.#is("}")) {
        const before = this.#index;
        options.push(this.#option());
        this.#take(",");
        if (this.#index === before) this.#index++;
      }
    return options;
  }

  #option(): OptionStatement {
    const from = this.#peek()?.from ?? this.#end;
    const path: Token[] = [];
    let extension = "";
    if (this.#take("(")) {
      extension = this.#dotted();
      this.#take(")");
    } else if (this.#peek()?.kind === "word") this.#index++;
    let open: number | undefined;
    while (this.#take(".")) {
      const token = this.#peek();
      const isExtension = this.#is("(");
      open = token?.kind === "word" || isExtension ? undefined : this.#end;
      if (token === undefined || open !== undefined) break;
      this.#index++;
      path.push(isExtension ? this.#through(token, ")") : token);
    }
    const value = this.#take("=") ? this.#value() : undefined;
    return { extension, path, open, value, from, to: this.#end };
  }

  /** Returns a token that reaches from one to its closing bracket, without spaces. */
  #through(first: Token, bracket: string): Token {
    let text = first.text;
    while (this.#peek() !== undefined && !this.#take(bracket)) text += this.#tokens[this.#index++]?.text ?? "";
    return { kind: "word", from: first.from, to: this.#end, text: text + bracket };
  }

  #dotted(): string {
    let name = "";
    for (let token = this.#peek(); token?.kind === "word" || token?.text === "."; token = this.#peek()) {
      name += token.text;
      this.#index++;
    }
    return name;
  }

  #value(): WrittenValue | undefined {
    const first = this.#peek();
    if (first === undefined) return undefined;
    const { from } = first;
    if (first.kind === "string") {
      const parts: Token[] = [];
      for (let token = this.#peek(); token?.kind === "string"; token = this.#peek()) {
        parts.push(token);
        this.#index++;
      }
      return { kind: "string", parts, from, to: this.#end };
    }
    if (this.#take("{")) return this.#message(from, "}");
    if (this.#take("<")) return this.#message(from, ">");
    if (this.#take("[")) return this.#list(from);
    if (first.kind === "symbol" && first.text !== "-") return undefined;
    this.#index++;
    if (first.text === "-") this.#index++;
    return { kind: "scalar", text: first.text, from, to: this.#end };
  }

  #message(from: number, close: string): WrittenValue {
    const fields: Field[] = [];
    if (++this.#depth < DEEPEST)
      while (this.#peek() !== undefined && !this.#is(close) && !this.#is(close === "}" ? ">" : "}")) {
        if (this.#isDeclaration()) break;
        const key = this.#tokens[this.#index++];
        if (key === undefined || key.text === "," || key.text === ";") continue;
        // A stray symbol is no key.
        if (key.kind === "symbol" && key.text !== "[") continue;
        const name = key.text === "[" ? this.#through(key, "]") : key;
        const colon = this.#take(":");
        const value = colon || this.#is("{") || this.#is("<") || this.#is("[") ? this.#fieldValue() : undefined;
        fields.push({ key: name, value });
      }
    this.#depth--;
    return { kind: "message", fields, from, ...this.#close(close) };
  }

  /** A word before a colon is the next key: the value is still missing. */
  #fieldValue(): WrittenValue | undefined {
    return this.#peek()?.kind === "word" && (this.#is(":", 1) || this.#is("{", 1)) ? undefined : this.#value();
  }

  #list(from: number): WrittenValue {
    const items: WrittenValue[] = [];
    while (this.#peek() !== undefined && !this.#is("]") && !this.#is("}") && !this.#isDeclaration()) {
      const before = this.#index;
      const item = this.#value();
      if (item !== undefined) items.push(item);
      this.#take(",");
      if (this.#index === before) this.#index++;
    }
    return { kind: "list", items, from, ...this.#close("]") };
  }

  /** A declaration inside of a value: braces are missing before it. */
  #isDeclaration(): boolean {
    const [first, second, third] = [this.#peek(), this.#peek(1), this.#peek(2)];
    if (first?.kind !== "word" || second === undefined) return false;
    if (first.text === "option") return second.text === "(";
    if (BLOCKS.has(first.text) || first.text === "rpc")
      return second.kind === "word" && (third?.text === "{" || third?.text === "(");
    return second.kind === "word" && third?.text === "=" && this.#peek(3)?.kind === "number";
  }
}

function within(scope: string, name: string): string {
  return scope === "" ? name : `${scope}.${name}`;
}

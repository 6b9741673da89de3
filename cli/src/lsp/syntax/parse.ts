// Reads a .proto file that is being edited: everything up to a fault and most things after it have their places.

import { type Token, tokensOf } from "./tokens.ts";
import type { Element, Field, OptionStatement, Value } from "./tree.ts";

/** A file as written, and its package. */
export interface Parsed {
  readonly package: string;
  readonly file: Element;
}

/** Maximum nesting; deeper parts are skipped. */
const DEEPEST = 100;
const BLOCKS: ReadonlySet<string> = new Set(["message", "enum", "service"]);

/** Parses any text; never throws. */
export function parseProto(text: string): Parsed {
  return new Parser(text).parse();
}

interface Draft {
  readonly options: OptionStatement[];
  readonly children: Element[];
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #length: number;
  #index = 0;
  #depth = 0;
  #package = "";

  constructor(text: string) {
    this.#tokens = tokensOf(text);
    this.#length = text.length;
  }

  parse(): Parsed {
    const draft: Draft = { options: [], children: [] };
    while (this.#peek() !== undefined) {
      this.#body(draft, "", "file");
      // A brace too many.
      this.#index++;
    }
    const file: Element = { kind: "file", name: "", nameToken: undefined, from: 0, to: this.#length, ...draft };
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
  #body(draft: Draft, scope: string, kind: Element["kind"]): void {
    while (this.#peek() !== undefined && !this.#is("}")) {
      // Blocks that only a file has: a brace is missing before them.
      if (kind !== "file" && this.#is("service")) return;
      const before = this.#index;
      this.#statement(draft, scope, kind);
      if (this.#index === before) this.#index++;
    }
  }

  #statement(draft: Draft, scope: string, kind: Element["kind"]): void {
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
    if (BLOCKS.has(word) && this.#peek(1)?.kind === "word" && !this.#is("=", 2)) {
      this.#index++;
      draft.children.push(this.#block(word as "message" | "enum" | "service", scope));
      return;
    }
    if (word === "oneof" && this.#is("{", 2)) {
      this.#index += 3;
      const inner: Draft = { options: [], children: [] };
      this.#body(inner, scope, "oneof");
      this.#take("}");
      // Members of a oneof belong to the message.
      draft.children.push(...inner.children);
      return;
    }
    if (word === "rpc") draft.children.push(this.#rpc(scope));
    else this.#member(draft, scope, kind);
  }

  #block(kind: "message" | "enum" | "service", scope: string): Element {
    const nameToken = this.#tokens[this.#index++];
    const from = nameToken?.from ?? this.#end;
    const name = within(scope, nameToken?.text ?? "");
    const draft: Draft = { options: [], children: [] };
    if (!this.#take("{")) return { kind, name, nameToken, from, to: this.#end, ...draft };
    if (++this.#depth < DEEPEST) this.#body(draft, name, kind);
    this.#depth--;
    return { kind, name, nameToken, from, to: this.#close("}").to, ...draft };
  }

  #rpc(scope: string): Element {
    this.#index++;
    const nameToken = this.#peek()?.kind === "word" ? this.#tokens[this.#index++] : undefined;
    const draft: Draft = { options: [], children: [] };
    while (this.#peek() !== undefined && !this.#is(";") && !this.#is("{") && !this.#is("}") && !this.#is("rpc"))
      this.#index++;
    const name = within(scope, nameToken?.text ?? "");
    const start = { kind: "rpc", name, nameToken, from: nameToken?.from ?? this.#end } as const;
    if (this.#take("{")) {
      this.#body(draft, name, "rpc");
      return { ...start, to: this.#close("}").to, ...draft };
    }
    this.#take(";");
    return { ...start, to: this.#end, ...draft };
  }

  /** Reads a field or an enum value: words, `=`, a number, options in brackets. */
  #member(draft: Draft, scope: string, kind: Element["kind"]): void {
    let nameToken: Token | undefined;
    while (this.#peek() !== undefined && !this.#is("=") && !this.#is(";") && !this.#is("{") && !this.#is("}")) {
      if (this.#is("[")) break;
      nameToken = this.#tokens[this.#index++];
    }
    if (this.#take("{")) {
      // An `extend`, or something unknown.
      this.#body({ options: [], children: [] }, scope, "oneof");
      this.#take("}");
      return;
    }
    if (this.#take("=")) {
      this.#take("-");
      if (this.#peek()?.kind === "number") this.#index++;
    }
    const options: OptionStatement[] = [];
    if (this.#take("["))
      while (this.#peek() !== undefined && !this.#take("]") && !this.#is(";") && !this.#is("}")) {
        const before = this.#index;
        options.push(this.#option());
        this.#take(",");
        if (this.#index === before) this.#index++;
      }
    this.#take(";");
    if (nameToken?.kind !== "word") return;
    const memberKind = kind === "enum" ? "enum_value" : "field";
    const name = within(scope, nameToken.text);
    draft.children.push({
      kind: memberKind,
      name,
      nameToken,
      from: nameToken.from,
      to: this.#end,
      options,
      children: [],
    });
  }

  #option(): OptionStatement {
    const from = this.#peek()?.from ?? this.#end;
    const path: Token[] = [];
    let extension = "";
    if (this.#take("(")) {
      extension = this.#dotted().replace(/^\./, "");
      this.#take(")");
    } else if (this.#peek()?.kind === "word") this.#index++;
    let open: number | undefined;
    while (this.#take(".")) {
      const token = this.#peek();
      open = token?.kind === "word" ? undefined : this.#end;
      if (token?.kind !== "word") break;
      this.#index++;
      path.push(token);
    }
    const value = this.#take("=") ? this.#value() : undefined;
    return { extension, path, open, value, from, to: this.#end };
  }

  #dotted(): string {
    let name = "";
    for (let token = this.#peek(); token?.kind === "word" || token?.text === "."; token = this.#peek()) {
      name += token.text;
      this.#index++;
    }
    return name;
  }

  #value(): Value | undefined {
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

  #message(from: number, close: string): Value {
    const fields: Field[] = [];
    if (++this.#depth < DEEPEST)
      while (this.#peek() !== undefined && !this.#is(close) && !this.#is(close === "}" ? ">" : "}")) {
        if (this.#isDeclaration()) break;
        const key = this.#tokens[this.#index++];
        if (key === undefined || key.text === "," || key.text === ";") continue;
        // A stray symbol is no key.
        if (key.kind === "symbol" && key.text !== "[") continue;
        const colon = this.#take(":");
        const value = colon || this.#is("{") || this.#is("<") || this.#is("[") ? this.#fieldValue() : undefined;
        fields.push({ key, value });
      }
    this.#depth--;
    return { kind: "message", fields, from, ...this.#close(close) };
  }

  /** A word before a colon is the next key: the value is still missing. */
  #fieldValue(): Value | undefined {
    return this.#peek()?.kind === "word" && (this.#is(":", 1) || this.#is("{", 1)) ? undefined : this.#value();
  }

  #list(from: number): Value {
    const items: Value[] = [];
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

import { type OptionLiteral, parseLiteral } from "./option-literal.ts";
import { type Token, type TokenWalk, tokenize, walk } from "./tokens.ts";

/** One element of a .proto file as written. */
interface Declaration {
  /** The name token; undefined for the file itself. */
  readonly name: Token | undefined;
  readonly options: readonly OptionStatement[];
}

/** `option (a.b).c.d = value;`, or one of `[(a.b).c.d = value, …]`. */
export interface OptionStatement {
  /** "a.b" and whether it stood in parentheses. */
  readonly name: string;
  readonly extension: boolean;
  /** "c", "d". */
  readonly path: readonly string[];
  readonly value: OptionLiteral;
}

interface Element {
  name: Token | undefined;
  options: OptionStatement[];
}

const nameWithin = (scope: string, name: string): string => (scope === "" ? name : `${scope}.${name}`);

/**
 * Returns the messages, fields, enums, enum values, services and rpcs of a file. Keys are their names within the
 * package (an enum value is "Enum.VALUE"); the file itself is "".
 */
export function declarations(text: string): ReadonlyMap<string, Declaration> {
  return new DeclarationReader(walk(tokenize(text))).file();
}

/** A method for each rule of the grammar. */
class DeclarationReader {
  readonly #tokens: TokenWalk;
  readonly #found = new Map<string, Element>();

  constructor(tokens: TokenWalk) {
    this.#tokens = tokens;
  }

  file(): ReadonlyMap<string, Declaration> {
    this.#body(this.#declare("", undefined), (key) => this.#top(key));
    return this.#found;
  }

  #top(key: string): void {
    const tokens = this.#tokens;
    const keyword = tokens.peek().text;
    if (this.#type(key)) return;
    if (keyword === "service") {
      tokens.next();
      const service = this.#declare(key, tokens.next());
      tokens.next();
      this.#body(service, (scope) => this.#rpc(scope));
    } else if (keyword === "extend") this.#extend(key);
    else skip(tokens);
  }

  /**
   * Reads `message X {…}` or `enum X {…}`, which may be in a file and in a message. Returns false for anything else.
   */
  #type(scope: string): boolean {
    const tokens = this.#tokens;
    if ((tokens.peek().text === "export" || tokens.peek().text === "local") && tokens.peek(2).kind === "word") {
      if (tokens.peek(1).text === "message" || tokens.peek(1).text === "enum") tokens.next();
    }
    const keyword = tokens.peek().text;
    if (tokens.peek(1).kind !== "word" || tokens.peek(2).text !== "{") return false;
    if (keyword !== "message" && keyword !== "enum") return false;
    tokens.next();
    const key = this.#declare(scope, tokens.next());
    tokens.next();
    this.#body(key, (inner) => (keyword === "message" ? this.#member(inner) : this.#enumValue(inner)));
    return true;
  }

  #member(scope: string): void {
    const tokens = this.#tokens;
    if (this.#type(scope)) return;
    const keyword = tokens.peek().text;
    if (keyword === "oneof" && tokens.peek(2).text === "{") this.#oneof(scope);
    else if (keyword === "extend") this.#extend(scope);
    else if (keyword === "reserved" || keyword === "extensions") skip(tokens);
    else this.#field(scope);
  }

  #oneof(scope: string): void {
    const tokens = this.#tokens;
    tokens.next();
    const key = this.#declare(scope, tokens.next());
    tokens.next();
    // Members of a oneof are named in the message's scope.
    this.#body(key, () => this.#field(scope));
  }

  #field(scope: string): void {
    const tokens = this.#tokens;
    let group = false;
    while (!tokens.done() && tokens.peek(1).text !== "=" && tokens.peek().text !== ";" && tokens.peek().text !== "}") {
      group = tokens.next().text === "group";
    }
    if (tokens.peek(1).text !== "=") return;
    const name = tokens.next();
    // A group declares a message and, in lower case, a field.
    const key = this.#declare(scope, group ? { ...name, text: name.text.toLowerCase() } : name);
    tokens.next();
    tokens.next();
    this.#bracketed(key);
    if (tokens.take("{")) this.#body(this.#declare(scope, name), (inner) => this.#member(inner));
    else tokens.take(";");
  }

  #enumValue(scope: string): void {
    const tokens = this.#tokens;
    if (tokens.peek(1).text !== "=") {
      skip(tokens);
      return;
    }
    const key = this.#declare(scope, tokens.next());
    tokens.next();
    tokens.take("-");
    tokens.next();
    this.#bracketed(key);
    tokens.take(";");
  }

  #extend(scope: string): void {
    const tokens = this.#tokens;
    while (!tokens.done() && !tokens.take("{")) tokens.next();
    while (!tokens.done() && !tokens.take("}")) if (!tokens.take(";")) this.#field(scope);
  }

  #rpc(scope: string): void {
    const tokens = this.#tokens;
    if (!tokens.take("rpc")) {
      skip(tokens);
      return;
    }
    const key = this.#declare(scope, tokens.next());
    while (!tokens.done() && tokens.peek().text !== ";" && tokens.peek().text !== "{") tokens.next();
    if (tokens.next().text === "{") this.#body(key, () => skip(tokens));
  }

  /** The statements of a body, up to its closing brace (or the end of the file). */
  #body(key: string, statement: (key: string) => void): void {
    const tokens = this.#tokens;
    while (!tokens.done() && !tokens.take("}")) {
      if (tokens.take(";")) continue;
      if (tokens.take("option")) {
        this.#option(key);
        tokens.take(";");
      } else statement(key);
    }
  }

  /** The options of a field or value, in brackets. */
  #bracketed(key: string): void {
    const tokens = this.#tokens;
    if (!tokens.take("[")) return;
    while (!tokens.done() && !tokens.take("]")) {
      this.#option(key);
      tokens.take(",");
    }
  }

  #option(key: string): void {
    const statement = parseOption(this.#tokens);
    this.#found.get(key)?.options.push(statement);
  }

  #declare(scope: string, name: Token | undefined): string {
    const key = name === undefined ? "" : nameWithin(scope, name.text);
    if (!this.#found.has(key)) this.#found.set(key, { name, options: [] });
    return key;
  }
}

function parseOption(tokens: TokenWalk): OptionStatement {
  let name = "";
  const extension = tokens.take("(");
  if (extension) {
    while (!tokens.done() && tokens.peek().text !== ")") name += tokens.next().text;
    tokens.next();
  } else name = tokens.next().text;
  const path: string[] = [];
  while (tokens.take(".")) {
    if (tokens.take("(")) {
      let part = "";
      while (!tokens.done() && tokens.peek().text !== ")") part += tokens.next().text;
      tokens.next();
      path.push(`(${part})`);
    } else path.push(tokens.next().text);
  }
  tokens.take("=");
  return { name, extension, path, value: parseLiteral(tokens) };
}

/** Steps over a statement without interest: to its semicolon, or over its braces. */
function skip(tokens: TokenWalk): void {
  for (let depth = 0; !tokens.done(); ) {
    const { text } = tokens.peek();
    if (text === "}" && depth === 0) return;
    tokens.next();
    if (text === "{" || text === "[" || text === "(") depth++;
    if (text === "}" || text === "]" || text === ")") depth--;
    if (depth === 0 && (text === ";" || text === "}")) return;
  }
}

import { type Literal, parseLiteral } from "./option-literal.ts";
import { type Token, type TokenWalk, tokenize, walk } from "./tokens.ts";

/** One element of a .proto file as written. */
export interface Declaration {
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
  readonly value: Literal;
}

interface Element {
  name: Token | undefined;
  options: OptionStatement[];
}

const nameWithin = (scope: string, name: string): string => (scope === "" ? name : `${scope}.${name}`);

/**
 * The messages, fields, enums, enum values, services and rpcs of a file, keyed by their names within its package
 * (an enum value by "Enum.VALUE"); the file itself is "". Long, for it has a function for each rule of the grammar, over the same tokens.
 */
export function declarations(text: string): ReadonlyMap<string, Declaration> {
  const tokens = walk(tokenize(text));
  const found = new Map<string, Element>();
  const declare = (scope: string, name: Token | undefined): string => {
    const key = name === undefined ? "" : nameWithin(scope, name.text);
    if (!found.has(key)) found.set(key, { name, options: [] });
    return key;
  };
  const option = (key: string, statement: OptionStatement) => found.get(key)?.options.push(statement);

  /** The statements of a body, up to its closing brace (or the end of the file). */
  const body = (key: string, statement: (key: string) => void) => {
    while (!tokens.done() && !tokens.take("}")) {
      if (tokens.take(";")) continue;
      if (tokens.take("option")) {
        option(key, parseOption(tokens));
        tokens.take(";");
      } else statement(key);
    }
  };
  const bracketed = (key: string) => {
    if (!tokens.take("[")) return;
    while (!tokens.done() && !tokens.take("]")) {
      option(key, parseOption(tokens));
      tokens.take(",");
    }
  };
  /** `message X {…}`, `enum X {…}`: what may stand in a file and in a message. False when it is something else. */
  const type = (scope: string): boolean => {
    if ((tokens.peek().text === "export" || tokens.peek().text === "local") && tokens.peek(2).kind === "word") {
      if (tokens.peek(1).text === "message" || tokens.peek(1).text === "enum") tokens.next();
    }
    const keyword = tokens.peek().text;
    if (tokens.peek(1).kind !== "word" || tokens.peek(2).text !== "{") return false;
    if (keyword !== "message" && keyword !== "enum") return false;
    tokens.next();
    const key = declare(scope, tokens.next());
    tokens.next();
    body(key, keyword === "message" ? member : value);
    return true;
  };
  const member = (scope: string): void => {
    if (type(scope)) return;
    const keyword = tokens.peek().text;
    if (keyword === "oneof" && tokens.peek(2).text === "{") {
      tokens.next();
      const key = declare(scope, tokens.next());
      tokens.next();
      // Members of a oneof are named in the message's scope.
      while (!tokens.done() && !tokens.take("}")) {
        if (tokens.take("option")) {
          option(key, parseOption(tokens));
          tokens.take(";");
        } else if (!tokens.take(";")) field(scope);
      }
    } else if (keyword === "extend") extend(scope);
    else if (keyword === "reserved" || keyword === "extensions") skip(tokens);
    else field(scope);
  };
  const field = (scope: string): void => {
    let group = false;
    while (!tokens.done() && tokens.peek(1).text !== "=" && tokens.peek().text !== ";" && tokens.peek().text !== "}") {
      group = tokens.next().text === "group";
    }
    if (tokens.peek(1).text !== "=") return;
    const name = tokens.next();
    // A group declares a message and, in lower case, a field.
    const key = declare(scope, group ? { ...name, text: name.text.toLowerCase() } : name);
    tokens.next();
    tokens.next();
    bracketed(key);
    if (tokens.take("{")) body(declare(scope, name), member);
    else tokens.take(";");
  };
  const value = (scope: string): void => {
    if (tokens.peek(1).text !== "=") {
      skip(tokens);
      return;
    }
    const key = declare(scope, tokens.next());
    tokens.next();
    tokens.take("-");
    tokens.next();
    bracketed(key);
    tokens.take(";");
  };
  const extend = (scope: string): void => {
    while (!tokens.done() && !tokens.take("{")) tokens.next();
    while (!tokens.done() && !tokens.take("}")) if (!tokens.take(";")) field(scope);
  };
  const rpc = (scope: string): void => {
    if (!tokens.take("rpc")) {
      skip(tokens);
      return;
    }
    const key = declare(scope, tokens.next());
    while (!tokens.done() && tokens.peek().text !== ";" && tokens.peek().text !== "{") tokens.next();
    if (tokens.next().text === "{") body(key, () => skip(tokens));
  };
  const top = (key: string): void => {
    const keyword = tokens.peek().text;
    if (type(key)) return;
    if (keyword === "service") {
      tokens.next();
      const service = declare(key, tokens.next());
      tokens.next();
      body(service, rpc);
    } else if (keyword === "extend") extend(key);
    else skip(tokens);
  };

  body(declare("", undefined), top);
  return found;
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

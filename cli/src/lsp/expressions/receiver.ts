// Finds the value before a cursor in an expression that may be broken: `facts.items.map(f, f.|`.
import { type CelToken, lex, MACROS } from "protoc-gen-bff/internal/language";

/** A macro whose body contains the cursor. */
export interface OpenMacro {
  readonly name: string;
  /** Text of its range. */
  readonly range: string;
  /** Names of its variables. */
  readonly variables: readonly string[];
}

/** The part of an expression before a cursor. */
export interface BeforeCursor {
  /** The name that is being written, from its start to the cursor. */
  readonly prefix: string;
  /** Text of the value before the dot; undefined: there is no dot. */
  readonly receiver: string | undefined;
  /** Dotted name of the message whose fields are being written: `T{|`. */
  readonly literal: string | undefined;
  /** From the outside in. */
  readonly macros: readonly OpenMacro[];
}

/** Macros with two variables; `all` and the like have one or two. */
const PAIRS: ReadonlySet<string> = new Set(["reduce", "transformList", "transformMap", "transformMapEntry"]);
const EITHER: ReadonlySet<string> = new Set(["all", "exists", "exists_one", "existsOne"]);
const OPENING: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** Returns undefined if the cursor is inside a string literal. */
export function beforeCursor(text: string, cursor: number): BeforeCursor | undefined {
  const before = text.slice(0, cursor);
  const tokens = tokensOf(before);
  if (tokens === undefined) return undefined;
  const last = tokens.at(-1);
  const isName = last?.kind === "word" && last.end === cursor;
  const prefix = isName ? last.text : "";
  const rest = isName ? tokens.slice(0, -1) : tokens;
  const question = rest.at(-1)?.text === "?" && rest.at(-2)?.text === "." ? 1 : 0;
  const isMember = rest.at(-1 - question)?.text === ".";
  const end = rest.length - 1 - question;
  const start = isMember ? chainStart(rest, end - 1) : rest.length;
  const receiver = isMember && start < end ? textOf(before, rest, start, end - 1) : undefined;
  const opened = openIn(rest, Math.min(start, rest.length));
  return {
    prefix,
    receiver,
    literal: isMember ? undefined : literalOf(before, rest, opened),
    macros: opened.flatMap((open) => macroAt(before, rest, open) ?? []),
  };
}

/** Tokens of a broken text: characters that are none are left out. Undefined: a string is open. */
function tokensOf(text: string): readonly CelToken[] | undefined {
  for (let rest = text, tries = 0; tries < 20; tries++) {
    const lexed = lex(rest);
    if ("tokens" in lexed) return lexed.tokens.slice(0, -1);
    const { start, end, message } = lexed.fault;
    if (message.startsWith("the string")) return undefined;
    rest = rest.slice(0, start) + " ".repeat(Math.max(1, end - start)) + rest.slice(Math.max(end, start + 1));
  }
  return undefined;
}

function textOf(text: string, tokens: readonly CelToken[], from: number, to: number): string {
  return text.slice(tokens[from]?.start ?? 0, tokens[to]?.end ?? 0);
}

/** Returns the index of the first token of the value that ends with token `end`. */
function chainStart(tokens: readonly CelToken[], end: number): number {
  let at = end;
  for (;;) {
    const token = tokens[at];
    if (token === undefined || (token.kind === "sign" && OPENING[token.text] === undefined)) return at + 1;
    if (token.kind === "sign") {
      const open = openingOf(tokens, at);
      if (open === undefined) return at;
      const callee = tokens[open - 1];
      const continues =
        callee !== undefined &&
        (callee.kind === "word" ||
          callee.kind === "quoted" ||
          (token.text === "]" && OPENING[callee.text] !== undefined));
      if (!continues) return open;
      at = open - 1;
      continue;
    }
    const optional = tokens[at - 1]?.text === "?" && tokens[at - 2]?.text === ".";
    if (!optional && tokens[at - 1]?.text !== ".") return at;
    const next = at - (optional ? 3 : 2);
    // A leading dot: an absolute name.
    if (next < 0 || !endsValue(tokens[next])) return optional ? at : at - 1;
    at = next;
  }
}

function endsValue(token: CelToken | undefined): boolean {
  return token !== undefined && (token.kind !== "sign" || OPENING[token.text] !== undefined);
}

function openingOf(tokens: readonly CelToken[], close: number): number | undefined {
  let depth = 0;
  for (let at = close; at >= 0; at--) {
    const token = tokens[at];
    if (token?.kind !== "sign") continue;
    if (OPENING[token.text] !== undefined) depth++;
    else if ("([{".includes(token.text) && --depth === 0) return at;
  }
  return undefined;
}

/** Returns the indexes of brackets that are open before token `end`. */
function openIn(tokens: readonly CelToken[], end: number): readonly number[] {
  const open: number[] = [];
  for (const [at, { kind, text }] of tokens.slice(0, end).entries()) {
    if (kind !== "sign") continue;
    if ("([{".includes(text)) open.push(at);
    else if (OPENING[text] !== undefined) open.pop();
  }
  return open;
}

/** Returns the dotted name before the innermost brace, if a field may begin here. */
function literalOf(text: string, tokens: readonly CelToken[], open: readonly number[]): string | undefined {
  const at = open.at(-1);
  if (at === undefined || tokens[at]?.text !== "{" || tokens[at - 1]?.kind !== "word") return undefined;
  const last = tokens.at(-1)?.text;
  return last === "{" || last === "," || last === "?"
    ? textOf(text, tokens, chainStart(tokens, at - 1), at - 1)
    : undefined;
}

function macroAt(text: string, tokens: readonly CelToken[], open: number): OpenMacro | undefined {
  const name = tokens[open - 1]?.text ?? "";
  const isBind = name === "bind" && tokens[open - 3]?.text === "cel";
  if (tokens[open]?.text !== "(" || tokens[open - 2]?.text !== "." || !(MACROS.has(name) || isBind)) return undefined;
  const variableAt = (index: number): string | undefined => {
    const [word, comma] = [tokens[open + 1 + 2 * index], tokens[open + 2 + 2 * index]];
    return word?.kind === "word" && comma?.text === "," ? word.text : undefined;
  };
  const [first, second] = [variableAt(0), variableAt(1)];
  if (first === undefined) return undefined;
  if (isBind) {
    const range = bindValue(text, tokens, open + 3);
    return range === undefined ? undefined : { name, range, variables: [first] };
  }
  const range = textOf(text, tokens, chainStart(tokens, open - 3), open - 3);
  const pair = PAIRS.has(name) || EITHER.has(name);
  return { name, range, variables: pair && second !== undefined ? [first, second] : [first] };
}

/** The text of the second argument of `cel.bind`, if it is complete. */
function bindValue(text: string, tokens: readonly CelToken[], from: number): string | undefined {
  let depth = 0;
  for (let at = from; at < tokens.length; at++) {
    const { kind, text: sign = "" } = tokens[at] ?? { kind: "end" };
    if (kind !== "sign") continue;
    if ("([{".includes(sign)) depth++;
    else if (OPENING[sign] !== undefined) depth--;
    else if (sign === "," && depth === 0) return textOf(text, tokens, from, at - 1);
  }
  return undefined;
}

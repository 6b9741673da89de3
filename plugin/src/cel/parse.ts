import { parse } from "@bufbuild/cel";
import type { Expr, ParsedExpr } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import type { Ast, Span, SyntaxFault } from "./ast.ts";

/** Parses with @bufbuild/cel and gives the expression as it was written, or what is wrong and where. */
export function parseExpression(text: string): { readonly ast: Ast } | { readonly fault: SyntaxFault } {
  if (text.trim() === "") {
    return {
      fault: { code: "BFF301", start: 0, end: text.length, message: "the expression is empty", hint: undefined },
    };
  }
  let parsed: ParsedExpr;
  try {
    parsed = parse(text);
  } catch (error) {
    return { fault: syntaxFault(text, error) };
  }
  const converter = new Converter(text, parsed);
  const ast = parsed.expr && converter.convert(parsed.expr);
  return ast === undefined || converter.fault !== undefined
    ? {
        fault: converter.fault ?? {
          code: "BFF301",
          start: 0,
          end: text.length,
          message: "the expression cannot be read",
          hint: undefined,
        },
      }
    : { ast };
}

function syntaxFault(text: string, error: unknown): SyntaxFault {
  const location = error instanceof Error && "location" in error ? error.location : undefined;
  let start = offsetOf(location);
  while (/\s/.test(text[start] ?? "")) start++;
  const rest = text.slice(start);
  const later = laterSyntax(text);
  if (later !== undefined) return later;
  if (rest === "") {
    return {
      code: "BFF301",
      start: Math.max(0, text.trimEnd().length - 1),
      end: text.length,
      message: "the expression ends too early",
      hint: undefined,
    };
  }
  const word = /^(\w+|&&|\|\||[=!<>]=|.)/su.exec(rest)?.[0] ?? rest;
  if (OPENING.has(word)) {
    // The parser stops before the operator whose right side it cannot read.
    const after = rest.slice(word.length);
    const blank = /^\s*/.exec(after)?.[0].length ?? 0;
    const at = start + word.length + blank;
    return after.trim() === ""
      ? {
          ...span(start, start + word.length),
          message: `the expression ends after ${JSON.stringify(word)}`,
          hint: undefined,
        }
      : { ...span(at, at + 1), message: `what follows ${JSON.stringify(word)} does not parse`, hint: undefined };
  }
  const fault = span(start, start + word.length);
  if (word === '"' || word === "'")
    return { ...fault, message: "the string is not closed", hint: `Close it with ${word}.` };
  return { ...fault, message: `unexpected ${JSON.stringify(word)}`, hint: hintFor(word) };
}

function span(start: number, end: number): { readonly code: "BFF301" } & Span {
  return { code: "BFF301", start, end };
}

const OPENING: ReadonlySet<string> = new Set("+ - * / % < > <= >= == != && || ? : , . in ( [ {".split(" "));

function hintFor(word: string): string | undefined {
  if (word === "=") return "Compare with `==`.";
  if (word === "&" || word === "|") return `Write \`${word}${word}\`.`;
  return RESERVED.has(word) ? `"${word}" is a reserved word of CEL.` : undefined;
}

/** Syntax of CEL that @bufbuild/cel does not parse. */
function laterSyntax(text: string): SyntaxFault | undefined {
  // Literals are blanked out first, so that what they hold is not taken for syntax.
  const bare = text.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, (quoted) => " ".repeat(quoted.length));
  const [, before = "", sign] = /^(.*?)(\.\?|(?<=[[{,]\s*)\?|`)/s.exec(bare) ?? [];
  if (sign === undefined) return undefined;
  const span = { code: "BFF307", start: before.length, end: before.length + sign.length } as const;
  return sign === "`"
    ? { ...span, message: "quoted field names are not supported yet", hint: undefined }
    : { ...span, message: "optional syntax is not supported yet", hint: "Write has(x.f) ? x.f : y." };
}

function offsetOf(location: unknown): number {
  if (typeof location !== "object" || location === null || !("start" in location)) return 0;
  const start = location.start;
  if (typeof start !== "object" || start === null || !("offset" in start)) return 0;
  return typeof start.offset === "number" ? start.offset : 0;
}

/** Words that CEL keeps for itself (spec, "Syntax"): not names of variables. */
export const RESERVED: ReadonlySet<string> = new Set(
  "false in null true as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);

class Converter {
  readonly #text: string;
  readonly #positions: Record<string, number>;
  readonly #macros: Record<string, Expr>;
  fault: SyntaxFault | undefined;

  constructor(text: string, parsed: ParsedExpr) {
    this.#text = text;
    this.#positions = parsed.sourceInfo?.positions ?? {};
    this.#macros = parsed.sourceInfo?.macroCalls ?? {};
  }

  convert(expr: Expr): Ast | undefined {
    const id = expr.id.toString();
    const at = this.#positions[id] ?? 0;
    const kind = (this.#macros[id] ?? expr).exprKind;
    switch (kind.case) {
      case "constExpr": {
        const constant = kind.value.constantKind;
        const span = { start: at, end: this.#literalEnd(at) };
        const base = { kind: "constant", unsigned: constant.case === "uint64Value", ...span } as const;
        switch (constant.case) {
          case undefined:
            return undefined;
          case "nullValue":
            return { ...base, value: null };
          case "durationValue":
          case "timestampValue":
            return undefined;
          case "int64Value":
          case "uint64Value":
            if (BigInt.asIntN(64, constant.value) !== constant.value && constant.case === "int64Value") {
              this.fault ??= {
                code: "BFF309",
                ...span,
                message: "the integer does not fit into 64 bits",
                hint: undefined,
              };
            }
            if (BigInt.asUintN(64, constant.value) !== constant.value && constant.case === "uint64Value") {
              this.fault ??= {
                code: "BFF309",
                ...span,
                message: "the integer does not fit into 64 bits",
                hint: undefined,
              };
            }
            return { ...base, value: constant.value };
          default:
            return { ...base, value: constant.value };
        }
      }
      case "identExpr": {
        const absolute = this.#text[at] === ".";
        const name = kind.value.name.replace(/^\./, "");
        const start = absolute ? this.#skip(at + 1) : at;
        return { kind: "ident", name, absolute, start: at, end: start + name.length };
      }
      case "selectExpr": {
        const of = kind.value.operand && this.convert(kind.value.operand);
        if (of === undefined) return undefined;
        const name = this.#word(this.#skip(at + 1), kind.value.field);
        return { kind: "select", of, field: kind.value.field, name, start: of.start, end: name.end };
      }
      case "callExpr": {
        const { target: targetExpr, function: fn, args: argExprs } = kind.value;
        const target = targetExpr && this.convert(targetExpr);
        const args = this.#all(argExprs);
        if (args === undefined || (targetExpr !== undefined && target === undefined)) return undefined;
        if (target !== undefined) {
          const name = this.#word(this.#skip(at + 1), fn);
          return { kind: "call", fn, name, target, args, start: target.start, end: this.#close(name.end) };
        }
        if (/^\w/.test(fn) && !fn.includes("_?_") && !/^_|_$/.test(fn)) {
          const start = this.#text[at] === "." ? this.#skip(at + 1) : at;
          const name = this.#word(start, fn);
          return { kind: "call", fn, name, target, args, start: at, end: this.#close(name.end) };
        }
        // The position of a prefix operator is its own, that of others may be anywhere on their left.
        const start = args.length === 1 ? at : (args[0]?.start ?? at);
        const last = Math.max(...args.map((arg) => arg.end));
        const end = fn === "_[_]" ? this.#close(at) : last;
        return { kind: "call", fn, name: { start, end }, target, args, start, end };
      }
      case "listExpr": {
        const elements = this.#all(kind.value.elements);
        if (elements === undefined) return undefined;
        if (kind.value.optionalIndices.length > 0) return this.#unsupported(at, "optional list elements are");
        return { kind: "list", elements, start: at, end: this.#close(at) };
      }
      case "structExpr":
        return this.#struct(at, kind.value);
      default:
        return undefined;
    }
  }

  #struct(at: number, struct: (Expr["exprKind"] & { case: "structExpr" })["value"]): Ast | undefined {
    const entries: [Ast, Ast][] = [];
    const fields: { name: string; at: Span; value: Ast }[] = [];
    for (const entry of struct.entries) {
      const value = entry.value && this.convert(entry.value);
      if (value === undefined) return undefined;
      if (entry.optionalEntry) return this.#unsupported(value.start, "optional entries are");
      if (entry.keyKind.case === "mapKey") {
        const key = this.convert(entry.keyKind.value);
        if (key === undefined) return undefined;
        entries.push([key, value]);
      } else if (entry.keyKind.case === "fieldKey") {
        const name = entry.keyKind.value;
        // The position of an entry is that of its name or of its colon.
        const colon = this.#positions[entry.id.toString()] ?? value.start;
        const start = this.#text.startsWith(name, colon) ? colon : this.#text.lastIndexOf(name, colon);
        fields.push({ name, at: { start, end: start + name.length }, value });
      }
    }
    const brace = this.#text.indexOf("{", at);
    const end = this.#close(brace === -1 ? at : brace);
    if (struct.messageName === "") return { kind: "map", entries, start: at, end };
    const name = struct.messageName.replace(/^\./, "");
    const open = this.#text[at] === "{" ? at : brace;
    const before = this.#text.slice(0, open).trimEnd();
    const start = this.#text[at] === "{" ? (/[\w.\s]*$/.exec(before)?.index ?? at) : at;
    const begin = this.#skip(start);
    return {
      kind: "message",
      name: this.#text[begin] === "." ? `.${name}` : name,
      at: { start: begin, end: before.length },
      fields,
      start: begin,
      end,
    };
  }

  #unsupported(at: number, what: string): undefined {
    this.fault ??= { code: "BFF307", start: at, end: at + 1, message: `${what} not supported yet`, hint: undefined };
    return undefined;
  }

  #all(exprs: readonly Expr[]): Ast[] | undefined {
    const converted = exprs.map((expr) => this.convert(expr)).filter((ast) => ast !== undefined);
    return converted.length === exprs.length ? converted : undefined;
  }

  #skip(from: number): number {
    let at = from;
    for (;;) {
      if (/\s/.test(this.#text[at] ?? "")) at++;
      else if (this.#text.startsWith("//", at)) while (at < this.#text.length && this.#text[at] !== "\n") at++;
      else return at;
    }
  }

  #word(start: number, word: string): Span {
    return { start, end: start + word.length };
  }

  /** The end of a literal that starts here. */
  #literalEnd(at: number): number {
    const rest = this.#text.slice(at);
    const prefix = /^[rRbB]{0,2}(?=["'])/.exec(rest)?.[0] ?? "";
    const quote = /^("""|'''|"|')/.exec(rest.slice(prefix.length))?.[0];
    if (quote === undefined) {
      const token = /^-?\s*(0x[0-9a-fA-F]+u?|[0-9]*\.?[0-9]+([eE][+-]?[0-9]+)?u?|\w+)/i.exec(rest)?.[0] ?? "";
      return at + token.length;
    }
    const raw = /r/i.test(prefix);
    let end = at + prefix.length + quote.length;
    while (end < this.#text.length && !this.#text.startsWith(quote, end)) {
      end += !raw && this.#text[end] === "\\" ? 2 : 1;
    }
    return Math.min(end + quote.length, this.#text.length);
  }

  /** The place after the bracket that closes the first one at or after `from`. */
  #close(from: number): number {
    let depth = 0;
    let at = from;
    while (at < this.#text.length) {
      const character = this.#text[at] ?? "";
      if (character === '"' || character === "'") {
        // A prefix (r, b) has been passed already; look back for it.
        const prefix = /(?<!\w)[rRbB]{1,2}$/.exec(this.#text.slice(0, at))?.[0] ?? "";
        at = this.#literalEnd(at - prefix.length);
        continue;
      }
      if (character === "/" && this.#text[at + 1] === "/") {
        at = this.#skip(at);
        continue;
      }
      if ("([{".includes(character)) depth++;
      if (")]}".includes(character) && --depth === 0) return at + 1;
      at++;
    }
    return this.#text.length;
  }
}

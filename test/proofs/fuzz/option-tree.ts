// The option literals of a .proto file as a tree of spans, so that parts of them can be dropped, doubled, swapped and changed.
import { type Token, tokenize } from "../../../plugin/src/read/source/tokens.ts";

export interface Span {
  readonly from: number;
  readonly to: number;
}
/** `name: value` inside of a literal, or one item of a list. */
export interface Entry extends Span {
  readonly name: string;
  readonly value: Value;
}
export interface Value extends Span {
  readonly kind: "message" | "list" | "string" | "other";
  readonly entries: readonly Entry[];
}
/** The declaration of a field of a message, from its label or type to its semicolon. */
export interface FieldDeclaration extends Span {
  /** "" when there is none. */
  readonly label: Span;
  readonly type: Span;
}

export interface OptionTree {
  /** All entries of all literals, outer ones before those in them. */
  readonly entries: readonly Entry[];
  readonly fields: readonly FieldDeclaration[];
}

/** Parses any text, and leaves out the parts that it does not understand. */
export function optionTree(text: string): OptionTree {
  const tokens = tokenize(text);
  const entries: Entry[] = [];
  const fields: FieldDeclaration[] = [];
  let at = 0;
  const peek = (ahead = 0): string => tokens[at + ahead]?.text ?? "";
  const end = (): number => tokens[at - 1]?.to ?? 0;

  function value(): Value | undefined {
    const first = tokens[at];
    if (first === undefined) return undefined;
    if (first.text === "{") return message(first);
    if (first.text === "[") return list(first);
    if (first.kind === "string") {
      while (tokens[at]?.kind === "string") at++;
      return { kind: "string", from: first.from, to: end(), entries: [] };
    }
    if (peek() === "-") at++;
    at++;
    return { kind: "other", from: first.from, to: end(), entries: [] };
  }

  function message(first: Token): Value {
    const children: Entry[] = [];
    at++;
    while (at < tokens.length && peek() !== "}") {
      const name = tokens[at];
      if (name === undefined || name.kind !== "word") {
        at++;
        continue;
      }
      at++;
      if (peek() === ":") at++;
      const index = entries.length;
      const of = value();
      if (of === undefined) break;
      if (peek() === "," || peek() === ";") at++;
      const entry = { name: name.text, from: name.from, to: end(), value: of };
      children.push(entry);
      entries.splice(index, 0, entry);
    }
    at++;
    return { kind: "message", from: first.from, to: end(), entries: children };
  }

  function list(first: Token): Value {
    const children: Entry[] = [];
    at++;
    while (at < tokens.length && peek() !== "]") {
      const index = entries.length;
      const start = tokens[at]?.from ?? 0;
      const of = value();
      if (of === undefined) break;
      if (peek() === ",") at++;
      const entry = { name: "", from: start, to: end(), value: of };
      children.push(entry);
      entries.splice(index, 0, entry);
    }
    at++;
    return { kind: "list", from: first.from, to: end(), entries: children };
  }

  while (at < tokens.length) {
    if (peek() === "(" && peek(1) === "bff") {
      const start = tokens[at]?.from ?? 0;
      while (at < tokens.length && peek() !== ")") at++;
      const names = [""];
      while (at < tokens.length && peek() !== "=" && peek() !== ";") {
        at++;
        if (tokens[at]?.kind === "word") names.push(peek());
      }
      if (peek() !== "=") continue;
      at++;
      const index = entries.length;
      const of = value();
      if (of !== undefined) entries.splice(index, 0, { name: names.at(-1) ?? "", from: start, to: end(), value: of });
      continue;
    }
    const declared = fieldAt(tokens, at);
    if (declared !== undefined) fields.push(declared);
    at++;
  }
  return { entries, fields };
}

/** `[label] type name = number`, where a statement begins. */
function fieldAt(tokens: readonly Token[], start: number): FieldDeclaration | undefined {
  if (![";", "{", "}"].includes(tokens[start - 1]?.text ?? "")) return undefined;
  let at = start;
  const label = tokens[at];
  const labelled = label !== undefined && ["optional", "repeated"].includes(label.text);
  if (labelled) at++;
  const type = tokens[at];
  if (type?.kind !== "word" || ["option", "reserved", "oneof", "rpc", "map"].includes(type.text)) return undefined;
  let to = type.to;
  for (at++; tokens[at]?.text === "."; at += 2) to = tokens[at + 1]?.to ?? to;
  if (tokens[at]?.kind !== "word" || tokens[at + 1]?.text !== "=" || tokens[at + 2]?.kind !== "number")
    return undefined;
  return {
    from: (label ?? type).from,
    to,
    label: labelled ? { from: label.from, to: label.to } : { from: type.from, to: type.from },
    type: { from: type.from, to },
  };
}

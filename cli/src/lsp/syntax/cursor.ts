// The place of a cursor in a file: its element, its option, and the way through the option's value.
import {
  type Declaration,
  decodeString,
  isClosed,
  type OptionStatement,
  type Parsed,
  type Token,
  type WrittenMessage,
  type WrittenString,
  type WrittenValue,
} from "protoc-gen-bff/internal/language";

/** One key on the way to a value. */
export interface PathPart {
  readonly key: string;
  /** Position among the values of that key, from 0. */
  readonly index: number;
  /** The message value that contains the key; undefined for keys before the `=`. */
  readonly around: WrittenMessage | undefined;
}

/** A value in an option. */
export interface ValuePlace {
  /** The elements around it, outermost first; the last one has the option. */
  readonly elements: readonly Declaration[];
  readonly option: OptionStatement;
  readonly path: readonly PathPart[];
}

/** A cursor in an option. */
export type Cursor = ValuePlace &
  (
    | { readonly kind: "string"; readonly value: WrittenString; readonly text: string; readonly at: number }
    /** At a key of `message`; `path` leads to the message. `typed`: the key from its start, as far as it is written. */
    | { readonly kind: "key"; readonly message: WrittenMessage | undefined; readonly typed: Token | undefined }
    /** At a value without quotes, or before any. */
    | { readonly kind: "scalar"; readonly typed: string }
  );

/** Returns the elements around an offset, outermost first. */
export function elementsAt({ file }: Parsed, offset: number): readonly Declaration[] {
  const found: Declaration[] = [];
  for (let at: Declaration | undefined = file; at !== undefined; ) {
    found.push(at);
    at = at.children.find(({ from, to }) => from <= offset && offset <= to);
  }
  return found;
}

/** Returns the place of an offset in an option, if it is in one. */
export function cursorAt(parsed: Parsed, offset: number): Cursor | undefined {
  const elements = elementsAt(parsed, offset);
  for (let count = elements.length; count > 0; count--) {
    const around = elements.slice(0, count);
    const option = around.at(-1)?.options.findLast(({ from, to }) => from <= offset && offset <= to + 1);
    if (option !== undefined) return inOption({ elements: around, option, path: [] }, offset);
  }
  return undefined;
}

function inOption(place: ValuePlace, offset: number): Cursor | undefined {
  const { option } = place;
  const path = option.path.map(({ text }) => ({ key: text, index: 0, around: undefined }));
  const typed = option.path.find(({ from, to }) => from <= offset && offset <= to);
  if (typed !== undefined) {
    const before = path.slice(0, option.path.indexOf(typed));
    return { ...place, path: before, kind: "key", message: undefined, typed };
  }
  if (offset === option.open) return { ...place, path, kind: "key", message: undefined, typed: undefined };
  if (option.value === undefined) return { ...place, path, kind: "scalar", typed: "" };
  if (offset < option.value.from) return undefined;
  return inValue({ ...place, path }, option.value, offset);
}

function inValue(place: ValuePlace, value: WrittenValue, offset: number): Cursor | undefined {
  switch (value.kind) {
    case "string":
      return { ...place, kind: "string", value, ...decodedAt(value, offset) };
    case "scalar":
      return { ...place, kind: "scalar", typed: value.text.slice(0, Math.max(0, offset - value.from)) };
    case "list": {
      const index = value.items.findLastIndex((item) => item.from <= offset && offset <= item.to);
      const item = value.items[index];
      const last = place.path.at(-1);
      const path = last === undefined ? [] : [...place.path.slice(0, -1), { ...last, index: last.index + index }];
      return item === undefined ? { ...place, kind: "scalar", typed: "" } : inValue({ ...place, path }, item, offset);
    }
    case "message":
      return inMessage(place, value, offset);
  }
}

function inMessage(place: ValuePlace, message: WrittenMessage, offset: number): Cursor | undefined {
  const { fields } = message;
  const position = fields.findLastIndex(({ key }) => key.from <= offset);
  const field = fields[position];
  if (field === undefined) return { ...place, kind: "key", message, typed: undefined };
  const { key, value } = field;
  if (offset <= key.to) return { ...place, kind: "key", message, typed: key };
  const part = { key: key.text, index: indexOf(message, position), around: message };
  const inner = { ...place, path: [...place.path, part] };
  if (value === undefined) return { ...inner, kind: "scalar", typed: "" };
  if (offset < value.from) return { ...inner, kind: "scalar", typed: "" };
  if (offset < value.to || (offset === value.to && isOpen(value))) return inValue(inner, value, offset);
  return { ...place, kind: "key", message, typed: undefined };
}

/** True if the end of a value may still belong to it. */
function isOpen(value: WrittenValue): boolean {
  if (value.kind === "string") return value.parts.some((token) => !isClosed(token));
  return value.kind === "scalar" || !value.closed;
}

/** Counts the values of the same key before a field. */
function indexOf({ fields }: WrittenMessage, position: number): number {
  const key = fields[position]?.key.text;
  return fields
    .slice(0, position)
    .filter((field) => field.key.text === key)
    .reduce((count, { value }) => count + (value?.kind === "list" ? value.items.length : 1), 0);
}

/** A string's text, with the offset of each of its characters in the file. */
interface DecodedText {
  readonly text: string;
  /** Offsets in the file, one more than characters. */
  readonly offsets: readonly number[];
}

/** Decodes a string value as the compiler does; an open quote is closed. */
export function decoded({ parts }: WrittenString): DecodedText {
  const tokens = parts.map((token) => (isClosed(token) ? token : closed(token)));
  const { value, from, start, to } = decodeString(tokens);
  return { text: value, offsets: [...from, to.at(-1) ?? start] };
}

function closed(token: Token): Token {
  const quote = token.text.charAt(0);
  return { ...token, text: `${token.text.replace(/\\$/, "")}${quote}` };
}

/** The text of a string, and the position of a cursor in it. */
function decodedAt(value: WrittenString, offset: number): { readonly text: string; readonly at: number } {
  const { text, offsets } = decoded(value);
  const at = offsets.findIndex((from) => from >= offset);
  return { text, at: at === -1 ? text.length : at };
}

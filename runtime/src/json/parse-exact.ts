// The exact reader of JSON texts (RFC 8259). Numbers keep their digits. Duplicate names and halves of characters are
// refused. Nesting uses no stack, since clients choose the depth.
import { setOwn } from "../wire/record.ts";
import { stackless } from "./json-error.ts";
import { type JsonMembers, type JsonTree, NumberText } from "./json-tree.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERALS: ReadonlyMap<number, readonly [text: string, value: JsonTree]> = new Map([
  [0x74, ["true", true]],
  [0x66, ["false", false]],
  [0x6e, ["null", null]],
]);
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON has none in strings
const CONTROL = /[\x00-\x1f]/;

/**
 * Returns the value of a text.
 *
 * @param keepsHalves true: strings may have halves of surrogate pairs, for a text whose values are not read
 * @throws JsonError with the position of the fault
 */
export function parseExact(text: string, keepsHalves = false): JsonTree {
  return new Parser(text, keepsHalves).document();
}

class Parser {
  readonly #text: string;
  readonly #keepsHalves: boolean;
  #at = 0;

  constructor(text: string, keepsHalves: boolean) {
    this.#text = text;
    this.#keepsHalves = keepsHalves;
  }

  document(): JsonTree {
    const around: (JsonTree[] | JsonMembers)[] = [];
    const names: string[] = []; // of the open members
    for (;;) {
      let value = this.#value();
      if (typeof value === "object" && value !== null && this.#opened) {
        around.push(value as JsonTree[] | JsonMembers);
        if (!Array.isArray(value)) names.push(this.#name(value as JsonMembers));
        continue;
      }
      for (;;) {
        const outer = around.at(-1);
        const next = this.#next();
        if (outer === undefined) {
          if (this.#at < this.#text.length) throw this.#broken();
          return value;
        }
        this.#at++;
        if (Array.isArray(outer)) {
          outer.push(value);
          if (next === COMMA) break;
          if (next !== CLOSE_LIST) throw this.#broken(this.#at - 1);
        } else {
          setOwn(outer, names.pop() ?? "", value);
          if (next === COMMA) {
            names.push(this.#name(outer));
            break;
          }
          if (next !== CLOSE_OBJECT) throw this.#broken(this.#at - 1);
        }
        around.pop();
        value = outer;
      }
    }
  }

  /** True if the last value is a list or an object that is not empty, and not yet read. */
  #opened = false;

  #value(): JsonTree {
    this.#opened = false;
    const code = this.#next();
    if (code === QUOTE) return this.#string();
    if (code === OPEN_OBJECT || code === OPEN_LIST) {
      this.#at++;
      if (this.#next() === (code === OPEN_LIST ? CLOSE_LIST : CLOSE_OBJECT)) this.#at++;
      else this.#opened = true;
      return code === OPEN_LIST ? [] : {};
    }
    const literal = LITERALS.get(code);
    if (literal !== undefined) {
      if (!this.#text.startsWith(literal[0], this.#at)) throw this.#broken();
      this.#at += literal[0].length;
      return literal[1];
    }
    NUMBER.lastIndex = this.#at;
    if (!NUMBER.test(this.#text)) throw this.#broken();
    const from = this.#at;
    this.#at = NUMBER.lastIndex;
    return new NumberText(this.#text.slice(from, this.#at));
  }

  /** Reads the name of a member, and its colon. */
  #name(members: JsonMembers): string {
    if (this.#next() !== QUOTE) throw this.#broken();
    const from = this.#at;
    const name = this.#string();
    if (Object.hasOwn(members, name)) throw stackless(`a name is given twice in one object (character ${from + 1})`);
    if (this.#next() !== COLON) throw this.#broken();
    this.#at++;
    return name;
  }

  #string(): string {
    const text = this.#text;
    const from = this.#at + 1;
    let end = text.indexOf('"', from);
    let escaped = false;
    if (end === -1) throw this.#broken(text.length);
    const backslash = this.#backslashFrom(from);
    if (backslash < end) {
      escaped = true;
      for (end = backslash; text.charCodeAt(end) !== QUOTE; end++) {
        if (end >= text.length) throw this.#broken(end);
        if (text.charCodeAt(end) === BACKSLASH) end++;
      }
    }
    const inside = text.slice(from, end);
    const control = inside.search(CONTROL);
    if (control !== -1) throw this.#broken(from + control);
    const found = escaped ? unescaped(inside) : inside;
    if (found === undefined) throw this.#broken(backslash);
    if (escaped && !this.#keepsHalves && !found.isWellFormed())
      throw stackless(`half a character is written, as \\ud800 alone would be (string at character ${from})`);
    this.#at = end + 1;
    return found;
  }

  #backslash = -1;
  /** Returns the index of the next backslash. It is searched once for all strings before it. */
  #backslashFrom(from: number): number {
    if (this.#backslash < from) {
      const found = this.#text.indexOf("\\", from);
      this.#backslash = found === -1 ? this.#text.length : found;
    }
    return this.#backslash;
  }

  /** Returns the code of the next character that is no space. NaN: the end. */
  #next(): number {
    let code = this.#text.charCodeAt(this.#at);
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) code = this.#text.charCodeAt(++this.#at);
    return code;
  }
  #broken(at = this.#at) {
    const { length } = this.#text;
    return stackless(at >= length ? "broken JSON: it ends too early" : `broken JSON (character ${at + 1})`);
  }
}

/** A string alone is no object whose names an engine could confuse (docs/reports/v8-json-keys.md). */
function unescaped(inside: string): string | undefined {
  try {
    return JSON.parse(`"${inside}"`) as string;
  } catch {
    return undefined;
  }
}

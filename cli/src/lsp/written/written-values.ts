// Values of options as they are written, compared with the types of the options.

import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { didYouMean } from "protoc-gen-bff/compiler";
import {
  type Field,
  type Stretch,
  type Token,
  textOf,
  type WrittenMessage,
  type WrittenValue,
} from "protoc-gen-bff/internal/language";
import type { Change } from "../features/changes/change.ts";

/** A fault of an option that buf reports in other words. */
export interface WrittenFault extends Stretch {
  readonly message: string;
  readonly hint?: string;
  /** The edit by which it ends. */
  readonly edit?: Change;
  /** True if another fault of the file may be its cause. */
  readonly derived?: true;
}

/** Receives the faults of a file. */
export type ReceiveFault = (fault: WrittenFault) => void;

/** Maximum number of names in a hint. */
const LISTED = 30;
const NUMBER = /^(?:-|-?(?:0[xX][\da-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fF]?|inf|nan))$/;
const WHOLE_NUMBER = /^(?:-|-?(?:0[xX][\da-fA-F]+|\d+))$/;
const FLOATS: ReadonlySet<ScalarType> = new Set([ScalarType.DOUBLE, ScalarType.FLOAT]);
/** Other words for a bool. */
const WORDS: Readonly<Record<string, string>> = { yes: "true", on: "true", no: "false", off: "false" };

/** Reports a name that a message of options does not have. */
export function unknownName({ name, fields }: DescMessage, { from, to, text }: Token, found: ReceiveFault): void {
  const names = fields.map((field) => field.name);
  const near = didYouMean(text, names);
  const message = `"${text}" is no option of ${name}`;
  if (near === undefined) {
    const listed = names.slice(0, LISTED).join(", ");
    found({ from, to, message, hint: `there are: ${listed}${names.length > LISTED ? " …" : ""}` });
  } else found({ from, to, message, hint: `did you mean "${near}"?`, edit: { from, to, text: near } });
}

/** Compares the values of one file with their types. */
export class WrittenValues {
  readonly #text: string;
  readonly #found: ReceiveFault;

  readonly #endOfBare: (value: Stretch) => number;
  /** Number of names that were read. */
  names = 0;

  /** @param endOfBare returns the end of a value that lacks its quotes */
  constructor(text: string, found: ReceiveFault, endOfBare: (value: Stretch) => number) {
    this.#text = text;
    this.#found = found;
    this.#endOfBare = endOfBare;
  }

  /** @param at the name of the option, for a missing value */
  option(field: DescField, value: WrittenValue | undefined, at: Stretch): void {
    if (value === undefined) {
      const hint = `write ${exampleOf(field)}`;
      this.#found({ ...stretch(at), message: `"${field.name}" has no value`, hint });
    } else if (value.kind !== "list") this.#item(field, value);
    else if (field.fieldKind !== "list") this.#wrong(field, value, "one value", `write ${exampleOf(field)}`);
    else {
      for (const item of value.items) this.#item(field, item);
      if (!value.closed) this.#found({ from: value.from, to: value.from + 1, message: "this bracket is not closed" });
    }
  }

  /** Compares a message with its type: names, values, and names that are set twice. */
  message(desc: DescMessage, value: WrittenMessage): void {
    const seen = new Set<string>();
    let behindKey = false;
    for (const [i, { key, value: inner }] of value.fields.entries()) {
      // The value of a key without a colon was read as a key.
      const isValue = behindKey;
      behindKey = false;
      if (key.kind !== "word" || isValue) continue;
      this.names++;
      const field = desc.fields.find(({ name }) => name === key.text);
      if (field === undefined) {
        unknownName(desc, key, this.#found);
        continue;
      }
      const { name } = field;
      if (seen.has(name) && field.fieldKind !== "list" && field.fieldKind !== "map") {
        const message = `"${name}" is set twice, and takes one value`;
        this.#found({ ...stretch(key), message, hint: "remove one of them", derived: true });
      }
      seen.add(name);
      behindKey = inner === undefined && isValueOf(value.fields[i + 1], desc);
      // Lists of messages may follow at once.
      const isBare = inner?.kind === "list" && field.message === undefined;
      if (behindKey || (isBare && !this.#text.slice(key.to, inner.from).includes(":"))) this.#colon(key);
      else this.option(field, inner, key);
    }
    if (!value.closed) this.#found({ from: value.from, to: value.from + 1, message: "this brace is not closed" });
  }

  #colon({ text, to }: Token): void {
    const message = `a colon is missing behind "${text}"`;
    this.#found({ from: to, to, message, hint: `write "${text}:"`, edit: { from: to, to, text: ":" } });
  }

  #item(field: DescField, value: WrittenValue): void {
    if (field.fieldKind === "map") return;
    if (field.message !== undefined) {
      if (value.kind === "message") this.message(field.message, value);
      else this.#wrong(field, value, "a message in braces", `write ${exampleOf(field)}`);
    } else if (field.enum !== undefined) this.#enumerated(field, field.enum, value);
    else if (field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES) this.#quoted(field, value);
    else if (field.scalar === ScalarType.BOOL) this.#bool(field, value);
    else this.#number(field, field.scalar, value);
  }

  #quoted(field: DescField, value: WrittenValue): void {
    if (value.kind === "string") return;
    if (value.kind !== "scalar") {
      this.#wrong(field, value, "a text in quotes", `write ${exampleOf(field)}`);
      return;
    }
    const written = { from: value.from, to: this.#endOfBare(value) };
    const text = this.#text.slice(written.from, written.to);
    this.#wrong(field, written, "a text in quotes", `write "${text}"`, `"${text}"`);
  }

  #bool(field: DescField, value: WrittenValue): void {
    const text = bareText(value);
    if (value.kind === "scalar" && /^(?:true|false|t|f|True|False)$/.test(text)) return;
    const right = /^(?:true|false)$/.test(text)
      ? text
      : (WORDS[text.toLowerCase()] ?? didYouMean(text, ["true", "false"]));
    this.#wrong(field, value, "true or false", `write ${right ?? "true or false"}`, right);
  }

  #number(field: DescField, scalar: ScalarType | undefined, value: WrittenValue): void {
    const pattern = scalar !== undefined && FLOATS.has(scalar) ? NUMBER : WHOLE_NUMBER;
    const text = bareText(value);
    if (value.kind === "scalar" && pattern.test(text)) return;
    const isNumber = pattern.test(text);
    const kind = pattern === NUMBER ? "a number" : "a whole number";
    this.#wrong(field, value, kind, `write ${isNumber ? text : exampleOf(field)}`, isNumber ? text : undefined);
  }

  #enumerated(field: DescField, { values }: DescEnum, value: WrittenValue): void {
    const names = values.map(({ name }) => name);
    const text = bareText(value);
    if (value.kind === "scalar" && (names.includes(text) || WHOLE_NUMBER.test(text))) return;
    const right = names.includes(text) ? text : didYouMean(text, names);
    this.#wrong(
      field,
      value,
      "a name of its enum",
      right === undefined ? `there are: ${names.join(", ")}` : `write ${right}`,
      right,
    );
  }

  /** @param right the value in place of the written one */
  #wrong({ name }: DescField, value: Stretch, kind: string, hint: string, right?: string): void {
    const edit = right === undefined ? {} : { edit: { ...stretch(value), text: right } };
    this.#found({ ...stretch(value), message: `"${name}" takes ${kind}`, hint, ...edit });
  }
}

const stretch = ({ from, to }: Stretch): Stretch => ({ from, to });

/** Returns true for what was read as a key, and is the value of the key before it. */
const isValueOf = (next: Field | undefined, { fields }: DescMessage): boolean =>
  next !== undefined &&
  (/^(?:string|number)$/.test(next.key.kind) ||
    (next.key.kind === "word" && next.value === undefined && fields.every(({ name }) => name !== next.key.text)));

/** Returns a scalar, or a text without its quotes. */
function bareText(value: WrittenValue): string {
  return value.kind === "scalar" ? value.text : textOf(value);
}

function exampleOf({ name, message, enum: desc, scalar }: DescField): string {
  if (message !== undefined) return `${name}: { … }`;
  if (desc !== undefined) return `${name}: ${desc.values.at(1)?.name ?? desc.values.at(0)?.name}`;
  if (scalar === ScalarType.STRING || scalar === ScalarType.BYTES) return `${name}: "…"`;
  return `${name}: ${scalar === ScalarType.BOOL ? "true" : "1"}`;
}

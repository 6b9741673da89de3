import type { Token } from "./tokens.ts";

/** A stretch of a text: offsets in UTF-16 code units, the end exclusive. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The value of an option, or of a part of it, as far as it is written. */
export type WrittenValue = Stretch &
  (
    | { readonly kind: "string"; readonly parts: readonly Token[] }
    | { readonly kind: "scalar"; readonly text: string }
    /** `closed`: its bracket is; otherwise it ends before the next token that is not part of it. */
    | { readonly kind: "message"; readonly closed: boolean; readonly fields: readonly Field[] }
    | { readonly kind: "list"; readonly closed: boolean; readonly items: readonly WrittenValue[] }
  );
export type WrittenString = WrittenValue & { readonly kind: "string" };
export type WrittenMessage = WrittenValue & { readonly kind: "message" };

/** A field of a message value; a key alone has no value yet. */
export interface Field {
  readonly key: Token;
  readonly value: WrittenValue | undefined;
}

/** `option (a.b).c = value;`, or one of `[(a.b).c = value, …]`. */
export interface OptionStatement extends Stretch {
  /** "a.b"; empty for options without parentheses. */
  readonly extension: string;
  /** The path behind it, `c`. */
  readonly path: readonly Token[];
  /** The offset behind a last dot without a name. */
  readonly open: number | undefined;
  readonly value: WrittenValue | undefined;
}

/** A declaration of a .proto file. */
export interface Declaration extends Stretch {
  readonly kind: "file" | "message" | "field" | "oneof" | "enum" | "enum_value" | "service" | "rpc";
  /** Name within the package: "Outer.Inner.field", "Service.Rpc", "Enum.VALUE"; of the file, "". */
  readonly name: string;
  readonly nameToken: Token | undefined;
  readonly options: readonly OptionStatement[];
  readonly children: readonly Declaration[];
}

/** Returns an element and all elements inside it. */
export function* elementsOf(element: Declaration): Generator<Declaration> {
  yield element;
  for (const child of element.children) yield* elementsOf(child);
}

/** Returns the fields of a message value with that key, lists taken apart. */
export function valuesOf({ fields }: WrittenMessage, key: string): readonly WrittenValue[] {
  return fields
    .filter((field) => field.key.text === key)
    .flatMap(({ value = [] }) => ("kind" in value && value.kind === "list" ? value.items : value));
}

/** Returns the text of a string value without escapes, or "" for any other value. */
export function textOf(value: WrittenValue | undefined): string {
  if (value?.kind !== "string") return "";
  return value.parts.map(({ text }) => text.replace(/^["']|["']$/g, "")).join("");
}

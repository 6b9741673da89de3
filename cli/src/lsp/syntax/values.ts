import { type Declaration, elementsOf, type WrittenString, type WrittenValue } from "protoc-gen-bff/internal/language";
import type { ValuePlace } from "./cursor.ts";

/** A string in an option, with the way to it. */
interface PlacedString {
  readonly place: ValuePlace;
  readonly value: WrittenString;
}

/** Returns all strings in the options of an element and of everything inside it, in no fixed order. */
export function* stringsOf(file: Declaration, around: readonly Declaration[] = []): Generator<PlacedString> {
  const elements = [...around, file];
  for (const option of file.options) {
    const path = option.path.map(({ text }) => ({ key: text, index: 0, around: undefined }));
    if (option.value !== undefined) yield* stringsIn({ elements, option, path }, option.value);
  }
  for (const child of file.children) yield* stringsOf(child, elements);
}

function* stringsIn(place: ValuePlace, value: WrittenValue): Generator<PlacedString> {
  if (value.kind === "string") yield { place, value };
  if (value.kind === "list") {
    const last = place.path.at(-1);
    for (const [i, item] of value.items.entries())
      if (last !== undefined)
        yield* stringsIn({ ...place, path: [...place.path.slice(0, -1), { ...last, index: last.index + i }] }, item);
  }
  if (value.kind !== "message") return;
  const counts = new Map<string, number>();
  for (const { key, value: inner } of value.fields) {
    const index = counts.get(key.text) ?? 0;
    counts.set(key.text, index + (inner?.kind === "list" ? inner.items.length : 1));
    if (inner === undefined) continue;
    const part = { key: key.text, index, around: value };
    yield* stringsIn({ ...place, path: [...place.path, part] }, inner);
  }
}

/** Returns the declared element of that name within the package. */
export function elementNamed(file: Declaration, name: string): Declaration | undefined {
  for (const element of elementsOf(file)) if (element.name === name) return element;
  return undefined;
}

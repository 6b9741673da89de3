import type { Text } from "../../diagnostic/diagnostic.ts";

/**
 * Returns an expression that the author implied (by `spread` or `autobind`). All of its places are the place of that
 * option.
 */
export function syntheticText(value: string, at: Text["at"]): Text {
  return { value, at, place: () => at };
}

/** A part of a text, its places still true. */
export function slice(text: Text, from: number, to: number): Text {
  return {
    value: text.value.slice(from, to),
    at: text.place(from, to),
    place: (start, end) => text.place(from + start, end === undefined ? undefined : from + end),
  };
}

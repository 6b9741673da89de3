import type { Origin, Place, Text } from "../../diagnostic/diagnostic.ts";
import type { SourceText } from "./source-text.ts";
import { type DecodedString, decodeString, plainValue } from "./string-literal.ts";
import { valuesOf, type WrittenValue } from "./tree.ts";

export type { Place };

/** Returns a place that has only a position. */
export function barePlace(at: Origin): Place {
  const place: Place = {
    at,
    field: () => place,
    text: (value) => ({ value, at, place: () => at }),
  };
  return place;
}

/**
 * The place of an option's value in the source. An option may be written in several statements, and a message field
 * in several occurrences: together they are one value.
 */
export function literalPlace(source: SourceText, literals: readonly [WrittenValue, ...WrittenValue[]]): Place {
  const [first] = literals;
  const at = source.origin(first.from, first.to);
  // A cache, because each element of a long list needs the whole list.
  const known = new Map<string, readonly WrittenValue[]>();
  const all = (name: string): readonly WrittenValue[] => {
    const found =
      known.get(name) ?? literals.flatMap((literal) => (literal.kind === "message" ? valuesOf(literal, name) : []));
    known.set(name, found);
    return found;
  };
  return {
    at,
    field: (name, index) => {
      const values = all(name);
      const [found, ...more] = index === undefined ? values : values.slice(index, index + 1);
      return found === undefined ? barePlace(at) : literalPlace(source, [found, ...more]);
    },
    text: (value) => {
      if (first.kind !== "string") return barePlace(at).text(value);
      const { parts } = first;
      // Another text than was compiled: the file has changed since.
      if ((plainValue(parts) ?? decodeString(parts).value) !== value) return barePlace(at).text(value);
      const [part] = parts;
      // Most literals: each character is one code unit of the source.
      if (part !== undefined && value.length === part.text.length - 2 && !/[^\p{ASCII}]/u.test(value))
        return { value, at, place: (from, to = from + 1) => plainStretch(source, part.from + 1, value, from, to) };
      let decoded: DecodedString | undefined;
      const place: Text["place"] = (from, to = from + 1) => {
        decoded ??= decodeString(parts);
        return stretch(source, decoded, from, to);
      };
      return { value, at, place };
    },
  };
}

function plainStretch(source: SourceText, first: number, { length }: string, from: number, to: number): Origin {
  const start = first + Math.min(Math.max(from, 0), length);
  return source.origin(start, Math.max(start, first + Math.min(to, length)));
}

function stretch(source: SourceText, decoded: DecodedString, from: number, to: number): Origin {
  const last = decoded.to.length - 1;
  // Past the end (a syntax error there): right behind the last character.
  const start = decoded.from[Math.max(from, 0)] ?? decoded.to[last] ?? decoded.start;
  const end = decoded.to[Math.min(to - 1, last)] ?? start;
  return source.origin(start, Math.max(start, end));
}

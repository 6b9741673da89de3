/** A stretch of a source file. Lines and columns count from 1; columns are UTF-16 code units; the end is exclusive. */
export interface Origin {
  /** The name as in the descriptor, relative to its module root, e.g. "web/v1/web.proto". */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/**
 * Returns the place of one character of a text.
 *
 * @example
 * const { line, column } = originAt(text, "bff.lock.json", 17);
 */
export function originAt(text: string, file: string, offset: number): Origin {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  const column = offset - before.lastIndexOf("\n");
  return { file, line, column, endLine: line, endColumn: column + 1 };
}

/** A declared value and where it stands: the value itself, not the name before it. */
export interface Sourced<T> {
  readonly value: T;
  readonly at: Origin;
}

/** A declared string whose characters can be found again in the source, through escapes and concatenated literals. */
export interface Text extends Sourced<string> {
  /** The origin of `value.slice(from, to)`; offsets are UTF-16 code units. Without `to`, one character. */
  readonly place: (from: number, to?: number) => Origin;
}

/** Place of a declared value, and the way to the places of the values inside it. */
export interface Place {
  readonly at: Origin;
  /**
   * Returns the place of a field of this message by its proto name, or of one element of a repeated field. An unknown
   * field has this place itself.
   */
  readonly field: (name: string, index?: number) => Place;
  /** A string standing here, as a `Text`. */
  readonly text: (value: string) => Text;
}

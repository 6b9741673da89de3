import type { Origin } from "../../diagnostic/diagnostic.ts";

/** A source file's text and the way from offsets (UTF-16 code units) in it to lines and columns. */
export interface SourceText {
  readonly file: string;
  readonly text: string;
  /** The stretch between two offsets. */
  readonly origin: (from: number, to: number) => Origin;
}

export function sourceText(file: string, text: string): SourceText {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  const position = (offset: number) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
  return {
    file,
    text,
    origin: (from, to) => {
      const start = position(from);
      const end = position(to);
      return { file, line: start.line, column: start.column, endLine: end.line, endColumn: end.column };
    },
  };
}

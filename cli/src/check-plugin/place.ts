// Place of a finding for buf, which takes no line and column, only the path of an entry in SourceCodeInfo.
import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";

/** Position in a file; lines and columns count from 1. */
interface Position {
  readonly line: number;
  readonly column: number;
}

/** The path of the innermost element or option around a position; empty: the file as a whole. */
export function pathAround({ sourceCodeInfo }: FileDescriptorProto, at: Position): readonly number[] {
  let best: { readonly path: readonly number[]; readonly span: Span } | undefined;
  for (const { path, span: numbers } of sourceCodeInfo?.location ?? []) {
    const span = spanOf(numbers);
    // buf takes the first of several with one path.
    if (path.length === 0 || !contains(span, at) || (best !== undefined && !within(span, best.span))) continue;
    if (best !== undefined && within(best.span, span) && path.length <= best.path.length) continue;
    best = { path, span };
  }
  return best?.path ?? [];
}

interface Span {
  readonly from: Position;
  /** Exclusive. */
  readonly to: Position;
}

/** Returns the span of three or four numbers that count from 0. */
function spanOf([line = 0, column = 0, ...end]: readonly number[]): Span {
  const [endLine = line, endColumn = 0] = end.length > 1 ? end : [line, end[0]];
  return { from: { line: line + 1, column: column + 1 }, to: { line: endLine + 1, column: endColumn + 1 } };
}

const before = (a: Position, b: Position): boolean => a.line < b.line || (a.line === b.line && a.column <= b.column);
const contains = ({ from, to }: Span, at: Position): boolean => before(from, at) && before(at, to);
const within = (inner: Span, outer: Span): boolean => before(outer.from, inner.from) && before(inner.to, outer.to);

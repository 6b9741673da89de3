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

type Severity = "error" | "warning";

/** One thing that is wrong, as data; its layout is `render.ts`'s business. */
export interface Diagnostic {
  /**
   * "BFF" and three digits; the first digit is the group, as in docs/diagnostics.md. Never reused. `buf`: a fault with
   * which buf does not build the file.
   */
  readonly code: `BFF${number}` | "buf";
  readonly severity: Severity;
  /** The fault: one sentence without a full stop at its end; names in double quotes. */
  readonly message: string;
  readonly at: Origin;
  /** Other places that matter, each with what to see there. */
  readonly related?: readonly { readonly at: Origin; readonly message: string }[];
  /** The correction: an imperative sentence. */
  readonly hint?: string;
  /** True if it follows from an analysis that any other error makes incomplete. */
  readonly derived?: boolean;
}

/** Receives the findings of a stage. Stages never throw on a user's fault. */
export type Report = (diagnostic: Diagnostic) => void;

/** A diagnostic without its code, severity and place. */
type Explanation = Omit<Diagnostic, "code" | "severity" | "at">;

/** Reports an error. */
export function fault(report: Report, code: Diagnostic["code"], at: Origin, { message, ...more }: Explanation): void {
  report({ code, severity: "error", message, at, ...more });
}

/** Reports something that works and is hardly meant. */
export function caution(report: Report, code: Diagnostic["code"], at: Origin, { message, ...more }: Explanation): void {
  report({ code, severity: "warning", message, at, ...more });
}

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

/** Reports an error. Returns undefined, in place of a faulty value. */
export function fault(
  report: Report,
  code: Diagnostic["code"],
  at: Origin,
  { message, ...more }: Explanation,
): undefined {
  report({ code, severity: "error", message, at, ...more });
}

/** Reports something that works and is hardly meant. Returns undefined. */
export function caution(
  report: Report,
  code: Diagnostic["code"],
  at: Origin,
  { message, ...more }: Explanation,
): undefined {
  report({ code, severity: "warning", message, at, ...more });
}

/**
 * Returns the candidate nearest to a misspelt name, or undefined if none is near enough. The distance is the number of
 * letters inserted, dropped, replaced or swapped with their neighbour. At most a third of the name's length is near
 * enough, and always one letter. A difference in case alone counts as none. Among equals the first candidate wins.
 *
 * @example
 * didYouMean("GetBok", ["GetBook", "ListBooks"]); // "GetBook"
 */
export function didYouMean(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    if (candidate === name) continue;
    const d = candidate.toLowerCase() === name.toLowerCase() ? 0 : distance(name, candidate, least);
    if (d < least) {
      best = candidate;
      least = d;
    }
  }
  return best;
}

/**
 * Returns the suggestion for a name with its package. Names of that package are compared without it, because the shared
 * part makes all of them alike.
 */
export function didYouMeanType(name: string, candidates: Iterable<string>): string | undefined {
  const end = name.lastIndexOf(".") + 1;
  const within = name.slice(0, end);
  const beside = new Set<string>();
  const others: string[] = [];
  for (const candidate of candidates)
    if (candidate.lastIndexOf(".") + 1 === end && candidate.startsWith(within)) beside.add(candidate.slice(end));
    else others.push(candidate);
  const like = didYouMean(name.slice(end), beside);
  if (like !== undefined) return within + like;
  const [renamed, ...more] = others.filter((other) => other.endsWith(`.${name.slice(end)}`));
  // The only type of that name, in a package that has another name.
  return didYouMean(name, others) ?? (more.length === 0 ? renamed : undefined);
}

/** Damerau-Levenshtein distance (optimal string alignment) in UTF-16 code units; `limit` when it is at least that. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, at(before, j - 2) + 1);
      row.push(cost);
    }
    before = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}

/**
 * Returns a report for values that are checked several times: the same code with the same message at the same place is
 * reported once.
 */
export function distinctReport(report: Report): Report {
  const reported = new Set<string>();
  return (diagnostic) => {
    const { code, message, at } = diagnostic;
    const key = `${code} ${at.file}:${at.line}:${at.column} ${message}`;
    if (reported.has(key)) return;
    reported.add(key);
    report(diagnostic);
  };
}

// cel-go's `regex` extension.
import { checkText } from "../value/bounds.ts";
import { ExpressionError } from "../value/error.ts";
import { pattern } from "./pattern.ts";
import { type Match, matchesOf } from "./search.ts";

type Int = number | bigint;

/**
 * The first match, or what the only group holds; undefined when there is none, and for a group that holds nothing. Throws ExpressionError
 * for a pattern that is none or has several groups.
 */
export function extract(text: string, expression: string): string | undefined {
  const { test, compiled } = onlyGroup(expression);
  if (!test(text)) return undefined;
  const [match] = matchesOf(compiled, text, 1);
  if (match === undefined) return undefined;
  const held = part(text, match, compiled.groupCount());
  return compiled.groupCount() > 0 && held === "" ? undefined : held;
}

/** All matches, or what the only group holds of each; groups that hold nothing are left out. Throws ExpressionError as `extract`. */
export function extractAll(text: string, expression: string): string[] {
  const { test, compiled } = onlyGroup(expression);
  if (!test(text)) return [];
  const held = matchesOf(compiled, text, Number.POSITIVE_INFINITY).map((match) =>
    part(text, match, compiled.groupCount()),
  );
  return compiled.groupCount() > 0 ? held.filter((group) => group !== "") : held;
}

function onlyGroup(expression: string): ReturnType<typeof pattern> {
  const found = pattern(expression);
  if (found.compiled.groupCount() > 1) throw new ExpressionError("the pattern has more than one group");
  return found;
}

/**
 * With the first `limit` matches replaced, all when it is negative. In `by`, `\1` to `\9` are what groups hold, `\0` the match, `\\` a
 * backslash. Throws ExpressionError for a pattern that is none, a `by` that is malformed or names a group that is not there, and a text of
 * more than 1 MiB that has grown.
 */
export function replacePattern(text: string, expression: string, by: string, limit: Int = -1): string {
  if (BigInt(limit) === 0n) return text;
  const { test, compiled } = pattern(expression);
  if (!test(text)) return text;
  const most = limit < 0 ? Number.POSITIVE_INFINITY : Number(limit);
  const pieces: string[] = [];
  let length = 0;
  let end = 0;
  const put = (piece: string): void => {
    pieces.push(piece);
    length += piece.length;
    if (length > text.length) checkText(length);
  };
  for (const match of matchesOf(compiled, text, most)) {
    put(text.slice(end, match[0]));
    put(replacement(text, match, by));
    end = match[1] ?? end;
  }
  put(text.slice(end));
  return pieces.join("");
}

function replacement(text: string, match: Match, by: string): string {
  return by.replace(/\\([\s\S]?)/g, (_, next: string) => {
    if (next === "\\") return next;
    if (!/\d/.test(next))
      throw new ExpressionError("a backslash in a replacement stands before a digit or a backslash");
    if (2 * Number(next) >= match.length) throw new ExpressionError("the pattern has no such group");
    return part(text, match, Number(next));
  });
}

function part(text: string, match: Match, group: number): string {
  const start = match[2 * group] ?? -1;
  return start === -1 ? "" : text.slice(start, match[2 * group + 1]);
}

// Regular expressions are RE2's (CEL spec, "Regular Expressions"). Matching takes time linear in the text for any
// pattern, which JavaScript's own RegExp does not guarantee.
import { RE2JS } from "@bufbuild/re2";
import { ExpressionError } from "../value/error.ts";
import { deterministic } from "./deterministic.ts";

/** A compiled pattern. */
export interface Pattern {
  /** Returns true if the pattern matches anywhere in the text. */
  readonly test: (text: string) => boolean;
  readonly compiled: RE2JS;
}

/** Compiles a pattern. Throws ExpressionError if it is not valid in RE2. */
export function pattern(text: string): Pattern {
  const known = patterns.get(text);
  if (known !== undefined) return known;
  const entry = compile(text);
  // Patterns are constants nearly always; the bound is for those that are not.
  if (patterns.size >= 1000) patterns.clear();
  patterns.set(text, entry);
  return entry;
}

const patterns = new Map<string, Pattern>();

function compile(text: string): Pattern {
  try {
    // RE2 decides whether a pattern is valid, even if `deterministic` matches it.
    const compiled = new RE2JS(withEscapedBraces(text));
    const fast = deterministic(text) ?? compiled;
    return { test: (input) => fast.test(input), compiled };
  } catch {
    throw new ExpressionError("not a pattern of RE2");
  }
}

/**
 * Escapes braces that begin no repetition. They are characters, which may be repeated; RE2JS supports that only for
 * escaped ones. The compiler's types/literal.ts, which this file may not import, has the same code;
 * test/features/expressions/patterns.test.ts compares both.
 */
function withEscapedBraces(pattern: string): string {
  const parts =
    /\\Q[\s\S]*?(?:\\E|$)|\\[\s\S]|\[\^?\]?(?:\\[\s\S]|\[:\^?\w+:\]|[^\]\\])*\]|\{(?=[?*+]|\{\d+(?:,\d*)?\})/g;
  return pattern.replace(parts, (part) => (part === "{" ? "\\{" : part));
}

/** Returns true if the pattern matches anywhere in the text. Throws ExpressionError for an invalid pattern. */
export function matches(text: string, expression: string): boolean {
  return pattern(expression).test(text);
}

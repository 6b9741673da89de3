import { pattern as compiled } from "../expressions/text/pattern.ts";
import { counted } from "../expressions/value/meter.ts";

/**
 * Returns a test of whether a text contains a match of the RE2 pattern, in time linear in the text.
 *
 * @example
 * const isKey = pattern("^[a-z]+$"); // isKey("abc") is true
 */
export function pattern(source: string): (text: string) => boolean {
  const { test } = compiled(source);
  return (text) => test(counted(text));
}

import { pattern as compiled } from "../cel/pattern.ts";

/** Whether a text holds what the pattern of RE2 describes: in time linear in the text. */
export function pattern(source: string): (text: string) => boolean {
  return compiled(source).test;
}

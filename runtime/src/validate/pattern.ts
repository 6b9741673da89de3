import { pattern as compiled } from "@protobff/expressions/pattern";

/** Whether a text holds what the pattern of RE2 describes: in time linear in the text. */
export function pattern(source: string): (text: string) => boolean {
  return compiled(source).test;
}

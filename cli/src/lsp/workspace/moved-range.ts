import type { Range } from "vscode-languageserver";
import type { TextDocument } from "vscode-languageserver-textdocument";

/** Returns the place of a range after an edit; undefined if the edit touches the range. */
export function movedRange({ start, end }: Range, before: TextDocument, after: TextDocument): Range | undefined {
  const [old, text] = [before.getText(), after.getText()];
  const shorter = Math.min(old.length, text.length);
  let head = 0;
  while (head < shorter && old[head] === text[head]) head++;
  let tail = 0;
  while (tail < shorter - head && old.at(-1 - tail) === text.at(-1 - tail)) tail++;
  const [from, to] = [before.offsetAt(start), before.offsetAt(end)];
  if (to > head && from < old.length - tail) return undefined;
  const shift = from < old.length - tail ? 0 : text.length - old.length;
  return { start: after.positionAt(from + shift), end: after.positionAt(to + shift) };
}

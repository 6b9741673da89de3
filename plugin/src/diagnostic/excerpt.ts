import type { Origin } from "./diagnostic.ts";

const longest = 160;
const before = 60;

/**
 * The source line at an origin with carets below the stretch, both indented by a gutter:
 *
 *     12 |   timeout: "0s"
 *        |            ^^^^
 *
 * The first line of a stretch over several lines. Empty when the text has no such line.
 */
export function excerpt(text: string, at: Origin): readonly string[] {
  const line = text
    .replace(/^\uFEFF/, "")
    .split("\n")
    [at.line - 1]?.replace(/\r$/, "");
  if (line === undefined) return [];
  const start = Math.min(at.column - 1, line.length);
  const end = at.endLine > at.line ? line.trimEnd().length : Math.min(at.endColumn - 1, line.length);
  // A long line is cut around the place.
  const cut = line.length > longest && start > before ? start - before : 0;
  const shown = line.slice(cut, cut + longest);
  const [left, right] = [cut > 0 ? "… " : "", cut + longest < line.length ? " …" : ""];
  const padding = cells(left) + cells(line.slice(cut, start));
  const carets = Math.max(1, cells(line.slice(start, Math.min(end, cut + longest))));
  const number = String(at.line);
  return [
    `${number} | ${left}${printable(shown)}${right}`.trimEnd(),
    `${" ".repeat(number.length)} | ${" ".repeat(padding)}${"^".repeat(carets)}`,
  ];
}

function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal.
  return text.replaceAll("\t", "  ").replace(/[\u0000-\u001f\u007f-\u009f]/g, "\ufffd");
}

/**
 * Returns the approximate width of a text, in cells of a terminal: wide characters count twice, combining characters
 * not at all.
 */
function cells(text: string): number {
  let sum = 0;
  for (const character of text) {
    if (character === "\t" || wide.test(character)) sum += 2;
    else if (!/\p{Mark}/u.test(character)) sum += 1;
  }
  return sum;
}

const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]/u;

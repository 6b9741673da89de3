// A text as a change of another: lines that go (`-`), come (`+`) and stay (` `), without line numbers.
import { difference, type MarkedLine } from "../../scripts/excerpt-lines.ts";

/** Parts of a change that stand apart. */
const APART = "@@";

/** Each part applies where its old lines first stand, from the part before it on. */
export function applyChange(base: string, change: string): string {
  const lines = base.split("\n");
  let from = 0;
  for (const part of change.replace(/\n$/, "").split(`\n${APART}\n`)) {
    const marked = part.split("\n").map((line) => ({ mark: line.slice(0, 1), text: line.slice(1) }));
    const wrong = marked.find(({ mark, text }) => !["-", "+", " "].includes(mark) && mark + text !== "");
    if (wrong !== undefined) throw new Error(`"${wrong.mark}${wrong.text}" begins with neither "-", "+" nor a space`);
    const old = marked.filter(({ mark }) => mark !== "+").map(({ text }) => text);
    const at = placeOf(old, lines, from);
    if (old.length === 0 || at < 0) throw new Error(`there are no lines to change:\n${old.join("\n")}`);
    const now = marked.filter(({ mark }) => mark !== "-").map(({ text }) => text);
    lines.splice(at, old.length, ...now);
    from = at + now.length;
  }
  return lines.join("\n");
}

function placeOf(old: readonly string[], lines: readonly string[], from: number): number {
  for (let at = from; at + old.length <= lines.length; at++)
    if (old.every((line, i) => lines[at + i] === line)) return at;
  return -1;
}

/** The change that makes the one of the other, with no more lines that stay than its parts need to be found. */
export function changeOf(base: string, now: string): string {
  const marked = difference(base, now);
  const lines = base.split("\n");
  const parts: { readonly start: number; readonly end: number }[] = [];
  for (let i = 0; i < marked.length; ) {
    if (marked[i]?.mark === " ") {
      i++;
      continue;
    }
    let end = i;
    while (end < marked.length && marked.slice(end, end + 2).some(({ mark }) => mark !== " ")) end++;
    const part = grown(marked, lines, i, end);
    const last = parts.at(-1);
    if (last !== undefined && part.start <= last.end) parts.splice(-1, 1, { start: last.start, end: part.end });
    else parts.push(part);
    i = part.end;
  }
  const text = parts.map(({ start, end }) =>
    marked
      .slice(start, end)
      .map(({ mark, text }) => `${mark}${text}`.replace(/^ $/, ""))
      .join("\n"),
  );
  return `${text.join(`\n${APART}\n`)}\n`;
}

/** With lines that stay, before it or else behind it, until its old lines first stand where they are meant. */
function grown(marked: readonly MarkedLine[], lines: readonly string[], first: number, last: number) {
  let [start, end] = [first, last];
  const isFound = (): boolean => {
    const old = marked.slice(start, end).flatMap(({ mark, text }) => (mark === "+" ? [] : [text]));
    const at = marked.slice(0, start).filter(({ mark }) => mark !== "+").length;
    return old.some((text) => text.trim() !== "") && placeOf(old, lines, 0) === at;
  };
  while (!isFound() && start > 0) start--;
  while (!isFound() && end < marked.length) end++;
  return { start, end };
}

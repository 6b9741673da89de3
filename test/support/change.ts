// A text as a change of another: lines that go (`-`), come (`+`) and stay (` `), without line numbers.

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

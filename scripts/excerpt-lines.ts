// Shortens a file to the lines that matter and the blocks around them.

/** A line of two versions of a text: in both (" "), only in the old ("-") or only in the new one ("+"). */
export interface MarkedLine {
  readonly mark: " " | "-" | "+";
  readonly text: string;
}

/** The lines of both texts, in order: a longest common subsequence, removed lines before added ones. */
export function difference(old: string, now: string): readonly MarkedLine[] {
  const a = old.trimEnd().split("\n");
  const b = now.trimEnd().split("\n");
  /** Number of lines that the rests have in common. */
  const common = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  const at = (i: number, j: number): number => common[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    const row = common[i] ?? [];
    for (let j = b.length - 1; j >= 0; j--)
      row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const lines: MarkedLine[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ mark: " ", text: a[i] ?? "" });
      i++;
      j++;
    } else if (i < a.length && (j === b.length || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ mark: "-", text: a[i++] ?? "" });
    } else lines.push({ mark: "+", text: b[j++] ?? "" });
  }
  return lines;
}

const indentOf = (line: string): number => /^[-+]?\s*/.exec(line)?.[0].length ?? 0;

/**
 * Returns the wanted lines and the first and last lines of all blocks around them; `…` replaces the rest. Empty when no
 * line is wanted.
 */
export function shortened(lines: readonly string[], isRelevant: (index: number) => boolean): readonly string[] {
  const kept = new Set<number>();
  const keepBlock = (opening: number): void => {
    kept.add(opening);
    const indent = indentOf(lines[opening] ?? "");
    if (!/[{[]\s*$/.test(lines[opening] ?? "")) return;
    const closing = lines.findIndex((line, i) => i > opening && line.trim() !== "" && indentOf(line) <= indent);
    if (closing >= 0) kept.add(closing);
  };
  for (let i = 0; i < lines.length; i++) {
    if (!isRelevant(i) || lines[i]?.replace(/^[-+]/, "").trim() === "") continue;
    keepBlock(i);
    let indent = indentOf(lines[i] ?? "");
    for (let above = i - 1; above >= 0 && indent > indentOf(""); above--) {
      const line = lines[above] ?? "";
      if (line.trim() === "" || indentOf(line) >= indent) continue;
      indent = indentOf(line);
      keepBlock(above);
    }
  }
  const result: string[] = [];
  let last = -1;
  for (const i of [...kept].sort((a, b) => a - b)) {
    const left = lines.slice(last + 1, i).filter((line) => line.trim() !== "");
    const between = left[0];
    // An empty line separates two blocks at the top level of the file.
    if (last >= 0 && between !== undefined && indentOf(between) > 0 && /\S/.test(between))
      result.push(`${" ".repeat(indentOf(between))}// …`);
    else if (last >= 0 && i > last + 1) result.push("");
    result.push(lines[i] ?? "");
    last = i;
  }
  return result;
}

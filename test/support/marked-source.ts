// Sources whose interesting places are marked «like this».
import type { Origin } from "../../plugin/src/diagnostic/diagnostic.ts";

/** Removes the marks from a text and returns their places; marks do not nest and are in the order of the text. */
export function marked(file: string, source: string): { readonly text: string; readonly places: readonly Origin[] } {
  let text = "";
  const places: Origin[] = [];
  let start = { line: 0, column: 0 };
  const here = () => {
    const line = text.split("\n").length;
    return { line, column: text.length - text.lastIndexOf("\n") };
  };
  for (const character of source) {
    if (character === "«") start = here();
    else if (character === "»") {
      const end = here();
      places.push({ file, ...start, endLine: end.line, endColumn: end.column });
    } else text += character;
  }
  return { text, places };
}

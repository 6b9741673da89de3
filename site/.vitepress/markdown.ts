// Changes to the Markdown of VitePress: text that Vue would evaluate, styles of cells as classes, and heads of tables.
import type { MarkdownRenderer } from "vitepress";

/** Languages of code blocks that have no highlighting, besides none. */
const PLAIN = new Set(["caddy", "haproxy", "layout", "promql"]);

export function changeMarkdown(md: MarkdownRenderer): void {
  md.disable("emoji");
  md.core.ruler.push("plain", ({ tokens }) => {
    for (const token of tokens)
      if (PLAIN.has(token.info) || (token.type === "fence" && token.info === "")) token.info = "txt";
  });
  md.core.ruler.push("cells", (state) => {
    for (const token of state.tokens) {
      const [, side] = /text-align:(\w+)/.exec(token.attrGet("style") ?? "") ?? [];
      if (side !== undefined) token.attrs = [["class", side]];
    }
    state.tokens = withoutEmptyHeads(state.tokens);
  });
  // Vue would evaluate double braces.
  for (const kind of ["text", "code_inline", "fence"]) {
    const rule = md.renderer.rules[kind];
    md.renderer.rules[kind] = (...args) => rule?.(...args).replaceAll("{{", "&#123;&#123;") ?? "";
  }
}

/** Tables without heads that have no text: an empty cell of a head is a plain cell, a head of empty cells is left out. */
function withoutEmptyHeads<T extends { type: string; tag: string; content: string }>(tokens: readonly T[]): T[] {
  const kept: T[] = [];
  let head: T[] | undefined;
  for (const [i, token] of tokens.entries()) {
    if (token.type === "th_open" && tokens[i + 1]?.content === "") token.tag = "td";
    if (token.type === "th_close" && tokens[i - 1]?.content === "") token.tag = "td";
    if (token.type === "thead_open") head = [];
    (head ?? kept).push(token);
    if (token.type !== "thead_close" || head === undefined) continue;
    if (head.some(({ type, content }) => type === "inline" && content !== "")) kept.push(...head);
    head = undefined;
  }
  return kept;
}

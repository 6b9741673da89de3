// Patterns of prose that a reader has to read twice, as pure functions over texts.

/** Patterns of one sentence; a heading or a cell of a table counts as a sentence. */
const OF_SENTENCES = {
  "begins with a clause that has no noun": /^(?:What|Who|Whoever|Whatever|Whose|Whom|Where|Wherever)\b(?!.*\?$)/,
  'begins with "Of"': /^Of\b/,
  "a program speaks":
    /\b(?:tells?|told|telling|says?|said|saying|asks?|asked|asking|hears?|heard|hearing|knows|knew|judges?|judged|judging|speaks?|spoke|spoken)\b/i,
  'a measure with "so"': /\bso (?:many|much|long|few|often|late|far)\b(?! (?:as|that)\b)/i,
  "a phrase for if, even, still or because": /\b(?:be it|for want of|all the same|if need be)\b/i,
  "a vague verb":
    /\b(?:comes? to|came to|becomes? of|comes? of|stands? (?:in|for|on|there|beside)|rests? on|is gone|are gone|goes on)\b/i,
  "a pronoun in place of a noun":
    /\b(?:that which|those which|of (?:its|their|one's|his) own|nobody|somebody|whoever)\b/i,
} as const satisfies Readonly<Record<string, RegExp>>;

const MAX_SENTENCE_WORDS = 25;
const WIDEST_LINE = 120;

export const LONG_SENTENCE = `a sentence of more than ${MAX_SENTENCE_WORDS} words`;
export const WIDE_LINE = `a line of more than ${WIDEST_LINE} columns`;

/** A place where a text has a pattern. */
export interface Finding {
  readonly pattern: string;
  readonly text: string;
}

/** The patterns that a sentence has. */
export function patternsOf(sentence: string): string[] {
  return Object.entries(OF_SENTENCES).flatMap(([name, pattern]) => (pattern.test(sentence) ? [name] : []));
}

/** The words of a sentence; punctuation alone is none. */
export function wordsOf(sentence: string): number {
  return sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

/** The sentences of a paragraph, which end where a capital, a digit, code or a file follows. */
export function sentencesOf(paragraph: string): string[] {
  const text = paragraph.replaceAll(/\s+/g, " ").trim();
  if (text === "") return [];
  return text.split(
    /(?<=(?<!\b(?:e\.g|i\.e|etc|vs))[.!?]["”)]*) (?=["“(]*(?:[\p{Lu}\p{N}`]|protobff\b|[\w./-]+\.(?:ts|md|json|proto)\b))/u,
  );
}

/** Markdown in paragraphs without code, links and emphasis; code within a sentence is one word. */
export function paragraphsOf(markdown: string): string[] {
  const prose = markdown
    .replaceAll(/^( *)```.*?^\1```$/gms, "\n")
    .replaceAll(/<!--.*?-->/gs, "")
    .replaceAll(/^!\[.*$/gm, "")
    .replaceAll(/`+[^`]+`+/g, "`code`")
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll(/\*\*?([^*\n]+)\*\*?/g, "$1")
    .replaceAll(/^\|[-:| ]+\|$/gm, "")
    .replaceAll(/^\|.*\|$/gm, (row) => `\n${row.replaceAll(/\s*\|\s*/g, "\n\n")}\n`)
    .replaceAll(/^#+ (.*)$/gm, "\n$1\n")
    .replaceAll(/^\s*(?:[-*]|\d+\.) /gm, "\n");
  return prose
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replaceAll(/\s+/g, " ").trim())
    .filter((paragraph) => paragraph !== "");
}

/** Lines of a page that wrapping would shorten: no code, no tables, no single word or link. */
export function wideLines(markdown: string): string[] {
  return markdown
    .replaceAll(/^( *)```.*?^\1```$/gms, "")
    .split("\n")
    .filter((line) => line.length > WIDEST_LINE && !/^(?:\||<!--|!\[|#)/.test(line))
    .filter((line) =>
      line
        .trim()
        .replaceAll(/`[^`]*`|\[[^\]]*\]\([^)]*\)/g, "x")
        .includes(" "),
    );
}

/** All findings of a page in Markdown. */
export function findingsInPage(markdown: string): Finding[] {
  const sentences = paragraphsOf(markdown).flatMap(sentencesOf);
  return [
    ...sentences.flatMap((text) => patternsOf(text).map((pattern) => ({ pattern, text }))),
    ...sentences.filter((text) => wordsOf(text) > MAX_SENTENCE_WORDS).map((text) => ({ pattern: LONG_SENTENCE, text })),
    ...wideLines(markdown).map((text) => ({ pattern: WIDE_LINE, text })),
  ];
}

const DIRECTIVE = /^\/\/+\s*(?:biome-ignore|@ts-|<reference)/;

/** Returns the comments that occupy whole lines of a source file: neighbouring `//` lines are one comment. */
export function commentsOf(source: string): string[] {
  const comments: string[] = [];
  let lines: string[] = [];
  const end = (): void => {
    const text = lines.join("\n").trim();
    if (text !== "") comments.push(text);
    lines = [];
  };
  let inBlock = false;
  for (const line of source.split("\n")) {
    const text = line.trim();
    if (inBlock || text.startsWith("/*")) {
      if (!inBlock) end();
      inBlock = !text.includes("*/");
      lines.push(
        text
          .replace(/^\/\*+|^\*+(?!\/)/, "")
          .replace(/\*+\/.*$/, "")
          .trim(),
      );
      if (!inBlock) end();
    } else if (text.startsWith("//") && !DIRECTIVE.test(text)) {
      lines.push(text.replace(/^\/+/, "").trim());
    } else end();
  }
  end();
  return comments;
}

/** All findings of a comment. */
export function findingsInComment(comment: string): Finding[] {
  const sentences = paragraphsOf(comment).flatMap(sentencesOf);
  return sentences.flatMap((text) => patternsOf(text).map((pattern) => ({ pattern, text })));
}

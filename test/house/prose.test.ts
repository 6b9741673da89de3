// The patterns of prose that a reader has to read twice. Pages have none. In comments test/house/prose-counts.json
// holds how many there are, and no figure may rise: `npm run prose` writes lower figures, and prints findings with `--
// <page or package>`.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { CODE_TABLES, CODES } from "../../plugin/src/codes/codes.ts";
import { goldenCases, printedOf } from "../support/golden.ts";
import {
  commentsOf,
  type Finding,
  findingsInPage,
  LONG_SENTENCE,
  paragraphsOf,
  patternsOf,
  sentencesOf,
  WIDE_LINE,
  wideLines,
  wordsOf,
} from "./prose.ts";
import { commentFindings, measured, type ProseCounts, packagesOf, pages } from "./prose-counts.ts";
import { patternsOfTitle, titleFindings, titlesOf } from "./prose-titles.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

describe("a sentence", () => {
  test.each([
    ["What comes after is held back.", "begins with a clause that has no noun"],
    ["Who calls it must hold a token.", "begins with a clause that has no noun"],
    ["Whatever is sent gets an answer.", "begins with a clause that has no noun"],
    ["Where it is written who was refused: a path.", "begins with a clause that has no noun"],
    ["Of a message, in bytes.", 'begins with "Of"'],
    ["The server says which option is wrong.", "a program speaks"],
    ["An upstream is told by a signature.", "a program speaks"],
    ["The compiler knows each type.", "a program speaks"],
    ["A connection has so long to reveal its protocol.", 'a measure with "so"'],
    ["At most so many requests wait.", 'a measure with "so"'],
    ["It is skipped, be it only in its message.", "a phrase for if, even, still or because"],
    ["The rest is answered all the same.", "a phrase for if, even, still or because"],
    ["The total comes to zero.", "a vague verb"],
    ["The cause stands in the log.", "a vague verb"],
    ["The part rests on other steps.", "a vague verb"],
    ["A tree that which a plan fills.", "a pronoun in place of a noun"],
    ["A port of its own serves metrics.", "a pronoun in place of a noun"],
    ["Nobody reads the rest.", "a pronoun in place of a noun"],
  ])("%s", (sentence, pattern) => expect(patternsOf(sentence)).toEqual([pattern]));

  test.each([
    "Later frames wait.",
    "The caller must hold a token.",
    "What does a retry cost?",
    "Maximum message size in bytes.",
    "If a path is set, the audit log goes there.",
    "The server reports the option.",
    "A task that is unknown is rejected.",
    "It waits so long as the stream is open.",
    "Often, a server has a software balancer.",
    "The plugin declares two options.",
    "The office is Offline.",
  ])("%s is plain", (sentence) => expect(patternsOf(sentence)).toEqual([]));

  test("ends before a capital, a digit or code", () => {
    expect(sentencesOf("Its codes. codes.ts joins them. protobff runs.")).toEqual([
      "Its codes.",
      "codes.ts joins them.",
      "protobff runs.",
    ]);
    expect(sentencesOf("One ends. Two ends! `three` goes? 4 e.g. Four stays (it ends.) A dot. in")).toEqual([
      "One ends.",
      "Two ends!",
      "`three` goes?",
      "4 e.g. Four stays (it ends.)",
      "A dot. in",
    ]);
  });
  test("has words, and punctuation alone is none", () => expect(wordsOf("One – `two`, (three) | 4.")).toBe(4));
});

describe("a page", () => {
  const page = `# A title

Some *text* with [a link](https://example.com/what) and \`code with spaces\`,
wrapped. Another.

- an item
  over two lines
- another

| head | cell |
|---|---|
| row | What a cell holds |

\`\`\`sh
What is in code is no prose, and its lines may be as wide as they need to be, even if nobody can see the end of this one without scrolling.
\`\`\`
`;
  test("has paragraphs: headings, items and cells included, code left out", () => {
    expect(paragraphsOf(page)).toEqual([
      "A title",
      "Some text with a link and `code`, wrapped. Another.",
      "an item over two lines",
      "another",
      "head",
      "cell",
      "row",
      "What a cell holds",
    ]);
    expect(findingsInPage(page)).toEqual([
      { pattern: "begins with a clause that has no noun", text: "What a cell holds" },
    ]);
  });
  test("has no sentence of more than 25 words", () => {
    const words = (count: number): string => `${Array.from({ length: count }, () => "one").join(" ")}.\n`;
    expect(findingsInPage(words(25))).toEqual([]);
    expect(findingsInPage(words(26)).map(({ pattern }) => pattern)).toEqual([LONG_SENTENCE]);
  });
  test("has no line of more than 120 columns that could be wrapped", () => {
    const line = `${"word ".repeat(24)}x`;
    expect(wideLines(`${line.slice(1)}\n`)).toEqual([]);
    expect(findingsInPage(`${line}\n`).map(({ pattern }) => pattern)).toEqual([WIDE_LINE]);
    expect(wideLines(`| ${line} |\n[${line}](a)\n\`${line}\`\n`)).toEqual([]);
  });
});

test("comments of a source are blocks, or neighbouring lines", () => {
  const source = `#!/usr/bin/env node
// The first
// comment.

/** The second. */
const a = 1; // beside code
/**
 * The third,
 * over lines.
 */
// biome-ignore lint/a: needed
  // The fourth.
`;
  expect(commentsOf(source)).toEqual(["The first\ncomment.", "The second.", "The third,\nover lines.", "The fourth."]);
  expect(commentFindings("// Of a message.\n\n// Fine.\n")).toEqual({ comments: 2, findings: ["Of a message."] });
});

describe("prose", () => {
  const now = measured();
  const held = JSON.parse(readFileSync(new URL("prose-counts.json", import.meta.url), "utf8")) as ProseCounts;
  test.each(pages())("%s has none of the patterns", (page) => {
    expect(findingsInPage(readFileSync(`${root}/${page}`, "utf8"))).toEqual([]);
  });
  test("README.md fits on 150 lines", () => {
    expect(readFileSync(`${root}/README.md`, "utf8").split("\n").length - 1).toBeLessThanOrEqual(150);
  });
  const guide = pages().filter((page) => /^docs\/[\w-]+\.md$/.test(page));
  test("the docs have at most 19 pages by hand, of 533 kB: generated pages, decisions and reports count separately", () => {
    const bytes = guide.map((page) => readFileSync(`${root}/${page}`).length);
    expect(guide.length).toBeLessThanOrEqual(19);
    expect(bytes.reduce((total, size) => total + size, 0)).toBeLessThanOrEqual(533_000);
  });
  test.each(guide)("%s begins with what the reader can do", (page) => {
    expect(readFileSync(`${root}/${page}`, "utf8")).toMatch(/^# .+\n\n(?:With|After) this page you (?:can|have) /);
  });
  test.each(guide)("the headings of %s are nouns or imperatives", (page) => {
    const text = readFileSync(`${root}/${page}`, "utf8").replaceAll(/^( *)```.*?^\1```$/gms, "");
    expect(text.match(/^#+ (?:How|Whether|Who|What|Which|Where)\b.*$/gm) ?? []).toEqual([]);
  });
  test("covers the pages and the packages", () => {
    expect(pages().length).toBeGreaterThan(10);
    expect(Object.keys(now.comments).length).toBeGreaterThan(4);
    expect(Object.values(now.comments).every(({ comments }) => comments > 0)).toBe(true);
  });
  const risen = (found: Readonly<Record<string, number>>, most: Readonly<Record<string, number>>): string[] =>
    Object.entries(found).flatMap(([name, count]) =>
      count > (most[name] ?? 0) ? [`${name}: ${count} findings, ${most[name] ?? 0} at most`] : [],
    );
  const inComments = ({ comments }: ProseCounts) =>
    Object.fromEntries(Object.entries(comments).map(([name, { findings }]) => [name, findings]));
  test("has no more of the patterns in its comments than before: `npm run prose -- <package>` lists them", () => {
    expect(risen(inComments(now), inComments(held))).toEqual([]);
  });
});

describe("titles of tests", () => {
  test("are literals of tests and groups, with tables and templates", () => {
    const source = `describe("a", () => {
      test.each([["row", 1]])("b %s", () => {});
      it.skipIf(x("y", z))(\`c \${1 + 1}\`, () => {});
      test(name, () => {});
    });`;
    expect(titlesOf(source)).toEqual(["a", "b %s", "c x"]);
  });
  test.each([
    ["what comes after waits", "begins with a clause that has no noun"],
    ["how a retry ends", "begins without a noun or a verb"],
    ["so are later frames", "begins without a noun or a verb"],
    ["the server says no", "a program speaks"],
    ["word ".repeat(26), LONG_SENTENCE],
  ])("%j has a pattern", (title, pattern) => expect(patternsOfTitle(title)).toEqual([pattern]));
  test.each(packagesOf())("have none of the patterns in %s", (folder) => expect(titleFindings(folder)).toEqual([]));
});

describe("diagnostics", () => {
  /** Highest number of distinct findings in the messages and hints of a room: a figure only falls. */
  const MOST = { read: 0, cel: 0, resolve: 0, lock: 0, check: 0 } as const;
  type Room = keyof typeof MOST;
  const ROOMS = ["read", "cel", "resolve", "lock"] as const satisfies readonly Room[];
  const roomOf = (code: string): Room => ROOMS[CODE_TABLES.findIndex((table) => code in table)] ?? "check";
  /** Names of the author count as code, and texts have no line breaks. */
  const findingsIn = (text: string): readonly Finding[] =>
    findingsInPage(text.replaceAll(/"(?:[^"\\]|\\.)*"/g, "`name`")).filter(({ pattern }) => pattern !== WIDE_LINE);
  /** Returns the texts of a printed diagnostic, with its code: message, related places and hint. */
  const textsOf = (printed: string): readonly string[] =>
    [...printed.matchAll(/^(?:\S+:\d+:\d+: (?:error|warning) BFF\d{3}| {2}\S+:\d+:\d+| {2}hint): (.*)$/gm)].map(
      ([, text = ""]) => text,
    );

  test("have titles without any of the patterns", () => {
    const found = [...CODES].flatMap(([code, title]) => findingsIn(title).map((finding) => ({ code, ...finding })));
    expect(found).toEqual([]);
  });
  test.each(Object.entries(MOST))("in the room %s have messages and hints with at most %i findings", (room, most) => {
    const goldens = ["diagnostics", "diagnostics-lock"].flatMap(goldenCases);
    const texts = goldens
      .filter(({ name }) => roomOf(name.slice(0, 6)) === room)
      .flatMap((golden) => textsOf(printedOf(golden)));
    expect(texts.length).toBeGreaterThan(10);
    const found = [...new Set(texts.flatMap(findingsIn).map(({ pattern, text }) => `${pattern}: ${text}`))];
    expect(found.length, found.join("\n")).toBeLessThanOrEqual(most);
  });
});

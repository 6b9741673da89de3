// Explanations of a code, an option, a function or a topic.
import { didYouMean } from "protoc-gen-bff/compiler";
import { plain, type Row, readPage, readSections, type Section } from "./pages.ts";

/** One text about the query. */
interface Explained {
  readonly kind: "code" | "option" | "function" | "entry" | "topic" | "list";
  /** Address of its section: `edge#limits`. */
  readonly from: string;
  readonly text: string;
}

/** The texts about a query, and the addresses of further sections about it. */
export interface Explanation {
  readonly found: readonly Explained[];
  readonly more: readonly string[];
}

/** Maximum number of further sections. */
const MAX_MORE = 8;

/** Minimum number of characters of a name that is similar to another one. */
const MIN_LIKE = 3;

/** Returns what is known about a query. `like`: nothing is, and this name is the most similar one. */
export function explain(query: string): Explanation | { readonly like: string | undefined } {
  const trimmed = query.trim();
  const name = SYNONYMS.get(trimmed.toLowerCase()) ?? trimmed;
  if (/^(bff)?[-_ ]?\d+$/i.test(name)) return ofCode(name);
  const sections = readSections();
  const types = optionTypes(sections);
  const list = LISTS.get(name.toLowerCase())?.(sections, types);
  if (list !== undefined) return { found: [{ kind: "list", from: name, text: list }], more: [] };
  const [topic, ...others] = calledExactly(name, sections);
  const option = explainOption(name, types);
  const rows = rowsAbout(name.replace(/\(.*$/s, ""), sections);
  const found: Explained[] = [
    ...(option === undefined ? [] : [{ kind: "option" as const, from: "options", text: option }]),
    ...rows.map((row) => ({ kind: kindOf(row), from: addressOf(row.section), text: rowText(row) })),
    ...(topic === undefined
      ? []
      : [{ kind: "topic" as const, from: addressOf(topic), text: topicText(topic, sections) }]),
  ];
  const more = [...new Set([...others, ...calledAlike(name, sections), ...mentions(name, sections)].map(addressOf))]
    .filter((address) => !found.some(({ from }) => from === address))
    .slice(0, MAX_MORE);
  if (found.length > 0 || more.length > 0) return { found, more };
  const names = name.length < MIN_LIKE ? [] : [...types.flatMap(namesOfType), ...rowNames(sections)];
  return { like: didYouMean(name, names) };
}

/** Words of others for topics. */
const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ["auth", "identity"],
  ["authentication", "identity"],
  ["authorization", "permits"],
  ["circuit breaker", "breakers"],
  ["login", "sessions"],
  ["mcp", "agents"],
  ["paging", "pages"],
  ["pagination", "pages"],
  ["rate limiting", "rate limits"],
  ["sse", "server-sent events"],
]);

/** Returns the kinds of names with examples, and all topics. */
export function overview(): Explanation {
  return {
    found: [{ kind: "list", from: "topics", text: `${TOPICS_HEAD}\n\n${topicLines(readSections())}` }],
    more: [],
  };
}

const TOPICS_HEAD = `protobff explain <name> explains
  a diagnostic:  BFF601                      explain codes lists them
  an option:     rate_limit, Call.timeout    explain options
  a function:    take, math.round            explain functions
  a variable, a metric, an option of the plugin: BFF_WORKERS, bff_shed_total, embed
  a topic:       streams, "rate limits"      listed here, by page`;

function ofCode(query: string): Explanation | { readonly like: string | undefined } {
  const found = explainCode(query);
  return "like" in found ? found : { found: [{ kind: "code", from: "diagnostics", text: found.text }], more: [] };
}

type List = (sections: readonly Section[], types: readonly OptionType[]) => string;

const LISTS: ReadonlyMap<string, List> = new Map<string, List>([
  ["codes", () => codeLines()],
  ["options", (_, types) => types.map(({ name, text }) => `${name}: ${text.split(/\.\s/)[0]}.`).join("\n")],
  ["functions", functionLines],
  ["topics", topicLines],
]);

function functionLines(sections: readonly Section[]): string {
  const lines = (rows: readonly Row[]): string => rows.map((row) => `  ${rowText(row)}`).join("\n");
  return functionRows(sections)
    .map(([heading, rows]) => `${heading}\n${lines(rows)}`)
    .join("\n\n");
}

/** Returns the signatures of all functions in Markdown, a line for each kind. */
export function signatureLines(): string {
  const signatures = (rows: readonly Row[]): string => rows.map(({ cells: [first = ""] }) => first).join(", ");
  return functionRows(readSections())
    .map(([heading, rows]) => `- ${heading}: ${signatures(rows)}`)
    .join("\n");
}

function functionRows(sections: readonly Section[]): readonly (readonly [heading: string, rows: readonly Row[]])[] {
  return sections
    .filter(({ page }) => page === "expressions")
    .map((section) => [section.heading, section.rows.filter((row) => kindOf(row) === "function")] as const)
    .filter(([, rows]) => rows.length > 0);
}

function topicLines(sections: readonly Section[]): string {
  const pages = Map.groupBy(
    sections.filter(({ level, page }) => level === 2 && page !== "options"),
    ({ page }) => page,
  );
  return [...pages].map(([page, all]) => `${page}: ${all.map(({ heading }) => heading).join(", ")}`).join("\n");
}

/** Sections with the query as heading, page or address; pages come last. */
function calledExactly(query: string, sections: readonly Section[]): readonly Section[] {
  const heading = wordsOf(query).join(" ");
  const found = sections.filter(
    (section) =>
      addressOf(section) === query ||
      (section.page === query && section.level === 1) ||
      (heading !== "" && section.page !== "options" && wordsOf(section.heading).join(" ") === heading),
  );
  return [...found.filter(({ level }) => level > 1), ...found.filter(({ level }) => level === 1)];
}

/** Sections whose heading has all words of the query. */
function calledAlike(query: string, sections: readonly Section[]): readonly Section[] {
  const words = wordsOf(query);
  const isAlike = ({ heading }: Section): boolean => words.every((word) => wordsOf(heading).includes(word));
  return words.length === 0 ? [] : sections.filter((section) => section.page !== "options" && isAlike(section));
}

/** Rows of tables about a name; those about it alone come first. */
function rowsAbout(name: string, sections: readonly Section[]): readonly Row[] {
  const rows = sections.flatMap(({ rows }) => rows).filter((row) => namesOf(row).includes(name));
  const isAlone = ({ cells: [first] }: Row): boolean => first === `\`${name}\``;
  return [...rows.filter(isAlone), ...rows.filter((row) => !isAlone(row))];
}

/** Words in lower case, without the plural's s, `BFF`s apart. */
const wordsOf = (text: string): readonly string[] =>
  [...text.toLowerCase().matchAll(/[a-z0-9]+/g)].map(([word]) => (word.length > 3 ? word.replace(/s$/, "") : word));

/** Sections whose text has the query as code, as a call or as words. */
function mentions(query: string, sections: readonly Section[]): readonly Section[] {
  if (!/\w/.test(query)) return [];
  const name = query.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const asCode = new RegExp(`(?<![\\w.])${name}(?=[(:\`])|\`${name}\\b`);
  const asWords = new RegExp(`\\b${name}`, "i");
  const inner = sections.filter(({ level, page }) => level > 1 && page !== "options");
  const found = inner.filter(({ above }) => asCode.test(above));
  return found.length > 0 ? found : inner.filter(({ above }) => asWords.test(above));
}

function topicText(section: Section, sections: readonly Section[]): string {
  const { page, level, heading } = section;
  const below = level > 1 ? [] : sections.filter((other) => other.page === page && other.level === 2);
  const contents = below.map((other) => `  protobff explain ${addressOf(other)}`);
  return [`${heading} (${addressOf(section)})`, plain(section.text).trim(), contents.join("\n")]
    .filter((part) => part !== "")
    .join("\n\n");
}

const addressOf = ({ page, heading, level }: Section): string =>
  level === 1 ? `${page}.md` : `${page}#${anchorOf(heading)}`;

/** The names that a row is about: those of functions, variables, metrics, reasons and options of the plugin. */
function namesOf(row: Row): readonly string[] {
  const spans = [...(row.cells[0] ?? "").matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
  if (kindOf(row) === "entry") return spans.flatMap((code) => /^[A-Za-z_][\w.]*/.exec(code)?.[0] ?? []);
  const names = spans.flatMap((code) => [...withoutTypes(code).matchAll(/([A-Za-z_][\w.]*)\(/g)]);
  return names.flatMap(([, name = ""]) => [name, name.slice(name.lastIndexOf(".") + 1)]);
}

/** Returns a signature with `T` in place of types in parentheses: `list(T).first()` becomes `T.first()`. */
function withoutTypes(signature: string): string {
  const shorter = signature.replace(/(?<!\.)\b(list|map|optional)\([^()]*\)/g, "T");
  return shorter === signature ? signature : withoutTypes(shorter);
}

const kindOf = ({ section, head }: Row): "function" | "entry" =>
  section.page === "expressions" && /^(function|macro)$/.test(head[0] ?? "") ? "function" : "entry";

function rowText({ head, cells, section }: Row): string {
  const [first = "", ...rest] = cells.map(plain);
  if (section.page === "expressions") return [first, ...rest].filter((cell) => cell !== "").join("  ");
  const named = rest.map((cell, i) => (cell === "" ? "" : `  ${head[i + 1] ?? ""}: ${cell}`));
  return [first, ...named].filter((line) => line !== "").join("\n");
}

const rowNames = (sections: readonly Section[]): readonly string[] =>
  sections.flatMap(({ rows }) => rows.flatMap(namesOf));

const namesOfType = ({ name, members }: OptionType): readonly string[] => [
  name,
  ...members.flatMap((member) => [member.name, `${name}.${member.name}`]),
];

// The section of docs/diagnostics.md about a code, as text for a terminal.

/**
 * Returns the text for a code, in upper or lower case, with or without "BFF". For an unknown code it returns the most
 * similar one, if there is one.
 */
function explainCode(input: string): { readonly text: string } | { readonly like: string | undefined } {
  const code = `BFF${input.trim().replace(/^bff[-_ ]?/i, "")}`;
  const sections = readCodes();
  const section = sections.get(code);
  return section === undefined ? { like: didYouMean(code, [...sections.keys()]) } : { text: textOf(code, section) };
}

/** Returns each code with its meaning, a line each. */
const codeLines = (): string => [...readCodes()].map(([code, section]) => headOf(code, section)).join("\n");

/** Returns the text below each heading, by code. */
function readCodes(): ReadonlyMap<string, string> {
  const [, ...parts] = readPage("diagnostics").split(/^### (?=BFF\d{3}$)/m);
  return new Map(parts.map((part) => [part.slice(0, 6), part.slice(6).replace(/^## [\s\S]*/m, "")]));
}

function headOf(code: string, section: string): string {
  const [, severity = "", meaning = ""] = /^\*(\w+)\.\* (.*)$/m.exec(section) ?? [];
  return `${code} (${severity.toLowerCase()}): ${meaning}`;
}

function textOf(code: string, section: string): string {
  const examples = [...section.matchAll(/^(.+):\n\n```\w+\n([\s\S]*?)\n```$/gm)];
  const indented = (text: string): string => text.replace(/^(?=.)/gm, "    ");
  const parts = examples.map(([, title, text = ""]) => `${title}:\n\n${indented(text)}\n`);
  return [`${headOf(code, section)}\n`, ...parts].join("\n");
}

// Options of bff.v1 by the name of a message, of a field, or of both, from docs/options.md.

/** A message or an enum of options.proto. */
interface OptionType {
  readonly name: string;
  readonly text: string;
  readonly members: readonly OptionMember[];
}

/** A field of a message, or a value of an enum. */
interface OptionMember {
  readonly name: string;
  readonly owner: string;
  /** The option types in the text of its type. */
  readonly type: string | undefined;
  readonly text: string;
}

/** Reads the types of the page's sections. */
function optionTypes(sections: readonly Section[]): readonly OptionType[] {
  return sections
    .filter(({ page, level, heading }) => page === "options" && level === 3 && /^\w+$/.test(heading))
    .map(({ heading: name, text }) => {
      const [intro = "", ...items] = text.split(/^- (?=\*\*`)/m);
      return { name, text: plain(withGuide(intro)).trim(), members: items.map((item) => memberOf(name, item)) };
    });
}

const withGuide = (intro: string): string =>
  intro.replace(/\[Guide\]\((\w+)\.md(#[\w-]+)?\)/, "See protobff explain $1$2");

function memberOf(owner: string, item: string): OptionMember {
  const [, name = "", type, text = ""] = /^\*\*`(\w+)`\*\*(?: \((.*?)\))?: ([\s\S]*)$/.exec(item) ?? [];
  // The type is a link to its section.
  const [, named] = /\[(\w+)\]/.exec(type ?? "") ?? [];
  return {
    name,
    owner,
    type: named,
    text: `${name}${type === undefined ? "" : ` (${plain(type)})`}: ${plain(text).trim()}`,
  };
}

/**
 * Returns the texts about an option: `RateLimit`, `rate_limit`, `MethodRule.rate_limit`, or `(bff.v1.method)`.
 * Undefined: there is no such option.
 */
function explainOption(query: string, types: readonly OptionType[]): string | undefined {
  const isRule = /^\(?bff\.v1\.[a-z_]+\)?$/.test(query);
  const name = query.replace(/^\(|\)$/g, "").replace(/^bff\.v1\./, "");
  const rule = `${name.replaceAll("_", "")}rule`;
  const whole = types.find((type) => type.name.toLowerCase() === (isRule ? rule : name.toLowerCase()));
  const [owner, field] = name.includes(".") ? name.split(".", 2) : [undefined, name];
  const members = types
    .filter((type) => owner === undefined || type.name.toLowerCase() === owner.toLowerCase())
    .flatMap((type) => (isRule ? [] : type.members.filter((member) => member.name === field)));
  const named = types.filter((type) => type === whole || members.some((member) => member.type === type.name));
  const parts = [...members.map((member) => `${member.owner}.${member.text}`), ...named.map(typeText)];
  return parts.length === 0 ? undefined : parts.join("\n\n");
}

const typeText = ({ name, text, members }: OptionType): string =>
  [`${name}: ${text}`, ...members.map((member) => member.text.replace(/^/gm, "  "))].join("\n\n");

/** Returns the anchor of a heading, as GitHub makes it: lower case, punctuation dropped, spaces as dashes. */
export function anchorOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\- _]/gu, "")
    .replaceAll(" ", "-");
}

// Random edits of random BFFs, as people make them between two releases: most are seen in answers or calls, some change
// times and policies alone, and some nothing.
import { type Entry, optionTree, type Span } from "../option-tree.ts";
import { pick } from "../random.ts";

type Random = () => number;
/** Undefined: the text has nothing that it could change. */
type Operator = (text: string, random: Random) => string | undefined;
export type EditKind = keyof typeof EDITS;
export interface Edit {
  readonly kind: EditKind;
  /** Name of the operator. */
  readonly what: string;
  readonly text: string;
}

/** Returns an edit of a kind. Undefined: the drawn operator has nothing to change. */
export function editOf(kind: EditKind, text: string, random: Random): Edit | undefined {
  const what = pick(Object.keys(EDITS[kind]), random) ?? "";
  const changed = (EDITS[kind] as Readonly<Record<string, Operator>>)[what]?.(text, random);
  return changed === undefined || changed === text ? undefined : { kind, what, text: changed };
}

const replaced = (text: string, span: Span, instead: string): string =>
  `${text.slice(0, span.from)}${instead}${text.slice(span.to)}`;
const textOf = (text: string, { from, to }: Span): string => text.slice(from, to);
const inside = ({ value: { from, to } }: Entry): Span => ({ from: from + 1, to: to - 1 });

/** Strings of options with these names. */
const strings = (text: string, names: RegExp): readonly Entry[] =>
  optionTree(text).entries.filter(({ name, value }) => names.test(name) && value.kind === "string");

/** The literals of options with these names, also those in lists. */
function literals(text: string, name: string): readonly Span[] {
  return optionTree(text)
    .entries.filter((entry) => entry.name === name)
    .flatMap(({ value }) => (value.kind === "list" ? value.entries.map((item) => item.value) : [value]))
    .filter((value) => value.kind === "message");
}
const READ_ONLY = /^(?![\s\S]*(Place|Pay|Cancel)Order)/;

/** Changes one match in an expression. */
function within(
  names: RegExp,
  changes: readonly (readonly [RegExp, (found: string, random: Random) => string])[],
): Operator {
  return (text, random) => {
    const entry = pick(strings(text, names), random);
    if (entry === undefined) return undefined;
    const span = inside(entry);
    const all = changes.flatMap(([pattern, change]) =>
      [...textOf(text, span).matchAll(pattern)].map((match) => [match, change] as const),
    );
    const [match, change] = pick(all, random) ?? [];
    if (match === undefined || change === undefined) return undefined;
    const from = span.from + match.index;
    return replaced(text, { from, to: from + match[0].length }, change(match[0], random));
  };
}
const around =
  (names: RegExp, ways: readonly ((expression: string) => string)[]): Operator =>
  (text, random) => {
    const entry = pick(strings(text, names), random);
    const way = pick(ways, random);
    return entry && way && replaced(text, inside(entry), way(textOf(text, inside(entry))));
  };

/** Adds an option to a literal, or puts it in the place of the one that is there. */
const option =
  (of: string, choices: readonly string[], only = READ_ONLY): Operator =>
  (text, random) => {
    const literal = pick(
      literals(text, of).filter((span) => only.test(textOf(text, span))),
      random,
    );
    const added = pick(choices, random);
    if (literal === undefined || added === undefined) return undefined;
    const name = added.replace(/:[\s\S]*/, "");
    const present = ownEntries(text, literal).find((entry) => entry.name === name);
    return present === undefined
      ? replaced(text, { from: literal.from + 1, to: literal.from + 1 }, ` ${added}`)
      : replaced(text, present, added);
  };
const without =
  (of: string, names: RegExp): Operator =>
  (text, random) => {
    const all = literals(text, of).flatMap((literal) => ownEntries(text, literal));
    const entry = pick(
      all.filter(({ name }) => names.test(name)),
      random,
    );
    return entry && replaced(text, entry, "");
  };
function ownEntries(text: string, literal: Span): readonly Entry[] {
  const all = optionTree(text).entries.filter(({ from, to }) => from > literal.from && to < literal.to);
  return all.filter(
    (entry) => !all.some((outer) => outer !== entry && outer.from <= entry.from && outer.to >= entry.to),
  );
}

/** A message of the BFF that has steps: its name, its span, its steps and its lines of fields. */
interface Composed extends Span {
  readonly name: string;
  readonly steps: readonly Span[];
  readonly fields: readonly (Span & { readonly text: string })[];
}
const FIELD = /^ {2}(?:optional |repeated )?[\w.]+(?:<\w+, [\w.]+>)? f\d+ = \d+ \[.*\];$/gm;
function composed(text: string): readonly Composed[] {
  return [...text.matchAll(/^message (\w+) \{\n {2}option \(bff\.v1\.message\) = \{ let: \[[\s\S]*?^\}$/gm)].map(
    (match) => {
      const [whole, name = ""] = match;
      const { index: from } = match;
      const list = optionTree(text).entries.find((entry) => entry.name === "let" && entry.from >= from);
      const steps = (list?.value.entries ?? []).map(({ value }) => value);
      const fields = [...whole.matchAll(FIELD)].map((field) => {
        const start = from + field.index;
        return { from: start, to: start + field[0].length, text: field[0] };
      });
      return { name, from, to: from + whole.length, steps, fields };
    },
  );
}
const nameOf = (step: string): string | undefined => /\bname: "(\w+)"/.exec(step)?.[1];
const reads = (text: string, name: string): boolean => new RegExp(`\\b${name}\\b`).test(text);

/** Removes parts, each with the comma behind it or before it. */
function removed(text: string, spans: readonly Span[]): string {
  return [...spans]
    .sort((a, b) => b.from - a.from)
    .reduce((so, { from, to }) => {
      const before = so.slice(0, from);
      const after = so.slice(to);
      if (/^\s*,/.test(after)) return before + after.replace(/^\s*,/, "");
      return before.replace(/,\s*$/, "") + after;
    }, text);
}
const inMessage =
  (change: (text: string, message: Composed, random: Random) => string | undefined): Operator =>
  (text, random) => {
    const message = pick(composed(text), random);
    return message && change(text, message, random);
  };

const lessField = inMessage((text, { fields }, random) => {
  const field = pick(fields, random);
  return field && replaced(text, field, "");
});
const moreField = inMessage((text, { fields }, random) => {
  const field = pick(fields, random);
  return (
    field && replaced(text, { from: field.to, to: field.to }, `\n${field.text.replace(/ f\d+ = \d+/, " more = 40")}`)
  );
});
const lessStep = inMessage((text, { steps, fields }, random) => {
  const step = pick(steps, random);
  const name = step && nameOf(textOf(text, step));
  if (step === undefined || name === undefined) return undefined;
  const readers = fields.filter((field) => reads(field.text, name));
  if (readers.length >= fields.length) return undefined;
  return removed(
    readers.toSorted((a, b) => b.from - a.from).reduce((so, field) => replaced(so, field, ""), text),
    [step],
  );
});
const ARGUMENTS = ["args.id", "args.id + 'x'", "'a'", "args.item.name"];
const moreStep = inMessage((text, { name, steps, to }, random) => {
  const first = steps[0];
  if (first === undefined || name !== "Page") return undefined;
  const step = `{ name: "extra" supplementary: true call: { method: "up.v1.ItemService/${pick(["GetItem", "GetItem", "BatchGetItems"], random)}" set: [{ name: "id" by: "${pick(ARGUMENTS, random)}" }] } },\n    `;
  const field = `  ItemCopy extra = 41 [(bff.v1.field) = { by: "extra" }];\n`;
  return replaced(replaced(text, { from: to - 1, to: to - 1 }, field), { from: first.from, to: first.from }, step);
});
/** Two neighbours of which neither reads the other. */
const reordered = inMessage((text, { steps }, random) => {
  const index = Math.floor(random() * (steps.length - 1));
  const [a, b] = steps.slice(index, index + 2);
  if (a === undefined || b === undefined) return undefined;
  const [first, second] = [textOf(text, a), textOf(text, b)];
  const [name, next] = [nameOf(first), nameOf(second)];
  if (name === undefined || next === undefined || reads(second, name) || reads(first, next)) return undefined;
  return `${text.slice(0, a.from)}${second}${text.slice(a.to, b.from)}${first}${text.slice(b.to)}`;
});
const renamed = inMessage((text, { steps, from, to }, random) => {
  const step = pick(steps, random);
  const name = step && nameOf(textOf(text, step));
  if (name === undefined) return undefined;
  return replaced(text, { from, to }, text.slice(from, to).replace(new RegExp(`\\b${name}\\b`, "g"), `${name}_now`));
});
const extracted = inMessage((text, { fields, steps }, random) => {
  const field = pick(fields, random);
  const by = field && /\bby: "([^"]*)"/.exec(field.text)?.[1];
  const last = steps.at(-1);
  if (field === undefined || by === undefined || last === undefined) return undefined;
  const changed = replaced(text, field, field.text.replace(/\bby: "[^"]*"/, 'by: "apart"'));
  return replaced(changed, { from: last.to, to: last.to }, `,\n    { name: "apart" by: "${by}" }`);
});
const swappedFields = inMessage((text, { fields }, random) => {
  const index = Math.floor(random() * (fields.length - 1));
  const [a, b] = fields.slice(index, index + 2);
  if (a === undefined || b === undefined) return undefined;
  return `${text.slice(0, a.from)}${b.text}${text.slice(a.to, b.from)}${a.text}${text.slice(b.to)}`;
});
/** Another value of a field, by its type. */
const otherField = inMessage((text, { fields }, random) => {
  const field = pick(fields, random);
  const [, type = ""] = /^ {2}((?:optional |repeated )?[\w.]+(?:<[^>]+>)?) /.exec(field?.text ?? "") ?? [];
  const way = pick(OTHERS[type] ?? [(by: string) => `cel.bind(q, ${by}, q)`], random);
  return (
    field &&
    way &&
    replaced(
      text,
      field,
      field.text.replace(/\bby: "([^"]*)"/, (_, by) => `by: "${way(by)}"`),
    )
  );
});
const OTHERS: Readonly<Record<string, readonly ((by: string) => string)[]>> = {
  "optional string": [(by) => `${by} + '!'`, (by) => `'old ' + ${by}`, () => "'fixed'"],
  "optional int64": [(by) => `${by} + 1`, (by) => `(${by}) * 2`, () => "7"],
  "optional bool": [(by) => `!(${by})`, () => "true", () => "false"],
  "repeated string": [(by) => `(${by}).filter(q, q != 'a')`, (by) => `(${by}).map(q, q + '!')`],
  "map<string, string>": [(by) => `(${by}).transformMap(q, r, r + '!')`],
  "optional up.v1.Kind": [() => "up.v1.Kind.KIND_BOOK"],
};

const EXPRESSIONS = /^(by|if|in|fallback|default|key)$/;
const token = within(EXPRESSIONS, [
  [/'[abk]'/g, (found) => (found === "'a'" ? "'b'" : "'a'")],
  [/(?<![\w.'])\d+(?![\w.'])/g, (found) => String(Number(found) + 1)],
  [
    /==|!=|>=|<(?!=)/g,
    (found, random) =>
      pick(
        ["==", "!="].filter((other) => other !== found),
        random,
      ) ?? "==",
  ],
  [/\bargs\.(id|note)\b/g, (found) => (found === "args.id" ? "args.note" : "args.id")],
  [/\bargs\.flag\b/g, () => "!args.flag"],
  [/\bok\(/g, () => "!ok("],
  [/&&|\|\|/g, (found) => (found === "&&" ? "||" : "&&")],
  [/\b(s\d)\.name\b/g, (found) => found.replace("name", "id")],
]);
const argument: Operator = (text, random) => {
  const span = pick(
    optionTree(text).entries.filter(({ name }) => name === "set"),
    random,
  );
  const entry =
    span &&
    pick(
      strings(text, /^by$/).filter(({ from, to }) => from > span.from && to <= span.to),
      random,
    );
  const way = pick([(by: string) => `${by} + 'x'`, () => "'a'", () => "args.id", () => "['a']", () => "1"], random);
  return entry && way && replaced(text, inside(entry), way(textOf(text, inside(entry))));
};

const EDITS = {
  visible: {
    token,
    "another value": otherField,
    "another value of a field": otherField,
    argument,
    "another argument": argument,
    "a condition": around(/^if$/, [(e) => `!(${e})`, (e) => `(${e}) && args.flag`, (e) => `(${e}) || args.flag`]),
    "a condition less": without("let", /^if$/),
    "a condition more": option("let", ['if: "args.flag"', 'if: "args.n > 1"', "if: \"headers['x-a'] == 'a'\""]),
    "a field less": lessField,
    "a field more": moreField,
    "a step less": lessStep,
    "a step more": moreStep,
    "a fallback": option("let", ['fallback: "up.v1.Item{}"', "fallback: \"up.v1.Item{id: 'f'}\""]),
    "a fallback less": without("let", /^fallback$/),
    "a message": within(/^message$/, [[/no /g, () => "none of "]]),
  },
  policy: {
    timeout: option("call", ['timeout: "1ms"', 'timeout: "10ms"', 'timeout: "30ms"', 'timeout: "1s"']),
    "timeout of upstreams": option("upstream", ['timeout: "20ms"', 'timeout: "2s"']),
    retry: option("call", [
      "retry: { attempts: 1 }",
      "retry: { attempts: 2 }",
      'retry: { attempts: 3 on: ANY backoff: { initial: "1ms" max: "5ms" multiplier: 2 } }',
    ]),
    hedge: option("call", [
      'hedge: { delay: "2ms" max: 1 }',
      'hedge: { delay: "20ms" max: 2 }',
      'hedge: { delay: "1ms" max: 0 }',
    ]),
    "on error": option("call", [
      "on_error: { ignore: true }",
      'on_error: { on: NOT_FOUND fail: { code: ABORTED message: "{error.code}" } }',
    ]),
    "on error less": without("call", /^on_error$/),
    supplementary: option("let", ["supplementary: false", "supplementary: true"], /./),
    limit: option("call", ["limit: { concurrent: 1 queued: 10 }", "limit: { concurrent: 1 queued: 0 }"]),
    "policy less": without("call", /^(timeout|retry|hedge|limit|cache|metadata)$/),
    cache: option("call", ['cache: { ttl: "5s" }']),
    order: option("let", ['after: "s0"', 'after: "s1"']),
  },
  invisible: {
    reordered,
    renamed,
    extracted,
    "other order of fields": swappedFields,
    parentheses: around(EXPRESSIONS, [(e) => `(${e})`]),
    "not not": around(/^if$/, [(e) => `!(!(${e}))`]),
    "an unused message": (text) => `${text}message Unused { string x = 1; }\n`,
    comment: (text) => text.replace(/^message Page \{/m, "// The page.\nmessage Page {"),
    "an unused option": option("call", ['metadata: { name: "x-unused" by: "\'b\'" }']),
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Operator>>>>;

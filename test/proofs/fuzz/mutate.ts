// Small damage to valid option files: the mistakes that people make, and some unlikely ones.
import { type Entry, optionTree, type Span } from "./option-tree.ts";
import { pick } from "./random.ts";

export interface Mutation {
  /** Description of the change, for the report of a failing case. */
  readonly what: string;
  readonly text: string;
}
type Random = () => number;
/** Undefined: there is nothing in the text that it could change. */
type Operator = (text: string, random: Random, corpus: Corpus) => string | undefined;

/** The values that valid files have, by the name of their entry. */
export type Corpus = ReadonlyMap<string, readonly string[]>;

export function corpusOf(texts: Iterable<string>): Corpus {
  const found = new Map<string, string[]>();
  for (const text of texts) {
    for (const { name, value } of optionTree(text).entries) {
      const values = found.get(name) ?? [];
      values.push(text.slice(value.from, value.to));
      found.set(name, values);
    }
  }
  return found;
}

const OPERATORS: Readonly<Record<string, Operator>> = {
  drop: (text, random) => {
    const entry = pick(optionTree(text).entries, random);
    return entry && replaced(text, entry, "");
  },
  duplicate: (text, random) => {
    const { entries } = optionTree(text);
    // Singular options cannot be repeated: usually the mutation doubles a repeated one.
    const many = entries.filter(({ name }) =>
      ["let", "set", "args", "case", "on_error", "metadata", ""].includes(name),
    );
    const entry = pick(random() < 0.9 && many.length > 0 ? many : entries, random);
    if (entry === undefined) return undefined;
    const entryText = text.slice(entry.from, entry.to);
    return replaced(
      text,
      entry,
      entryText.endsWith(",") || entry.name !== "" ? `${entryText} ${entryText}` : `${entryText}, ${entryText}`,
    );
  },
  swap: (text, random) => {
    const { entries } = optionTree(text);
    const left = pick(entries, random);
    if (left === undefined) return undefined;
    const same = random() < 0.7;
    const alike = entries.filter(
      (entry) => isLike(left, entry, same) && (entry.from >= left.to || entry.to <= left.from),
    );
    const right = pick(alike, random);
    if (right === undefined) return undefined;
    const [a, b] = left.from < right.from ? [left.value, right.value] : [right.value, left.value];
    const [first, second] = [text.slice(a.from, a.to), text.slice(b.from, b.to)];
    return `${text.slice(0, a.from)}${second}${text.slice(a.to, b.from)}${first}${text.slice(b.to)}`;
  },
  retype: (text, random) => {
    const field = pick(optionTree(text).fields, random);
    if (field === undefined) return undefined;
    if (random() < 0.4) {
      const label = pick(["optional ", "repeated ", ""], random) ?? "";
      return replaced(text, { from: field.label.from, to: field.type.from }, label);
    }
    return replaced(text, field.type, pick(TYPES, random) ?? "string");
  },
  /** A value of the same option, from any valid file. */
  transplant: (text, random, corpus) => {
    const { entries } = optionTree(text);
    const policies = entries.filter(({ name }) => POLICIES.includes(name));
    const entry = pick(random() < 0.5 && policies.length > 0 ? policies : entries, random);
    const value = entry && pick(corpus.get(entry.name) ?? [], random);
    return value === undefined || entry === undefined ? undefined : replaced(text, entry.value, value);
  },
  /** Two neighbours change places. */
  reorder: (text, random) => {
    const outer = pick(
      optionTree(text).entries.filter(({ value }) => value.entries.length > 1),
      random,
    );
    const index = Math.floor(random() * ((outer?.value.entries.length ?? 1) - 1));
    const [a, b] =
      outer?.value.entries.slice(index, index + 2).map(({ name, from, value: { to } }) => ({ name, from, to })) ?? [];
    if (a === undefined || b === undefined) return undefined;
    const [first, second] = [text.slice(a.from, a.to), text.slice(b.from, b.to)];
    return `${text.slice(0, a.from)}${second}${text.slice(a.to, b.from)}${first}${text.slice(b.to)}`;
  },
  /** A step or a variable, wherever its name stands. */
  rename: (text, random) => {
    const named = optionTree(text).entries.filter(
      ({ name, value }) => /^(name|var)$/.test(name) && value.kind === "string",
    );
    const entry = pick(named, random);
    const name = entry && text.slice(entry.value.from + 1, entry.value.to - 1);
    if (name === undefined || !/^\w+$/.test(name)) return undefined;
    return text.replace(
      new RegExp(`\\b${name}\\b`, "g"),
      pick([`${name}_2`, "then", "cx", "Promise", "x", `${name}Step`], random) ?? "x",
    );
  },
  wrap: (text, random) => {
    const place = stringPlace(text, random, EXPRESSIONS);
    const around = pick(text.includes("identity:") ? [...AROUND, ...AROUND_CALLER] : AROUND, random);
    return place && around && replaced(text, place, around(text.slice(place.from, place.to)));
  },
  /** Adds an option that a step, a call or a source of callers may have. */
  extend: (text, random) => {
    const kinds = Object.keys(EXTENSIONS);
    const sources = kinds.filter((name) => new RegExp(`\\b${name}: \\{`).test(text) && !["let", "call"].includes(name));
    const ordinary = random() < 0.3 ? "let" : "call";
    const which = (random() < 0.5 ? pick(sources, random) : undefined) ?? ordinary;
    const all = optionTree(text).entries.filter(({ name }) => name === which);
    const literals = all.flatMap(({ value }) =>
      value.kind === "list" ? value.entries.map((item) => item.value) : [value],
    );
    const literal = pick(literals, random);
    if (literal?.kind !== "message") return undefined;
    const at = literal.from + 1;
    return replaced(text, { from: at, to: at }, ` ${pick(EXTENSIONS[which] ?? [], random)}`);
  },
  /** Supplementary steps may be deferred, in rpcs that send parts. */
  defer: (text, random) => {
    const deferred = text.replace(/\bsupplementary: true\b/g, (match) => (random() < 0.6 ? "defer: true" : match));
    const sent = deferred.replace(/\breturns \((?!stream\b)/g, (match) => (random() < 0.5 ? `${match}stream ` : match));
    return deferred === text ? undefined : sent;
  },
  number: (text, random) => {
    const entry = pick(
      optionTree(text).entries.filter(({ value }) => value.kind === "other"),
      random,
    );
    return entry && replaced(text, entry.value, pick(NUMBERS, random) ?? "0");
  },
  /** One token of an expression or of a name. */
  token: (text, random) => {
    const place = stringPlace(text, random);
    if (place === undefined) return undefined;
    const tokens = [...text.slice(place.from, place.to).matchAll(/\w+|[^\s\w]/g)];
    const token = pick(tokens, random);
    if (token === undefined) return undefined;
    const span = { from: place.from + token.index, to: place.from + token.index + token[0].length };
    const words = text.match(/\b[a-z_]{2,}\b/g) ?? [];
    const instead = [pick(words, random), pick(SYNTAX, random), "", `${token[0]} ${token[0]}`];
    return replaced(text, span, pick(instead, random) ?? "");
  },
  garble: (text, random) => {
    const place = stringPlace(text, random);
    if (place === undefined) return undefined;
    const at = place.from + Math.floor(random() * (place.to - place.from + 1));
    const what = random();
    if (what < 0.4) return replaced(text, { from: at, to: Math.min(at + 1, place.to) }, "");
    const character = pick(CHARACTERS, random) ?? "x";
    return replaced(text, { from: at, to: what < 0.7 ? at : Math.min(at + 1, place.to) }, character);
  },
};

/** Whole forms around an expression; most of them leave its type as it is. */
const AROUND: readonly ((expression: string) => string)[] = [
  (e) => `(${e})`,
  (e) => `[${e}][0]`,
  (e) => `headers['x'] == '' ? ${e} : ${e}`,
  (e) => `cel.bind(v, ${e}, v)`,
  (e) => `[${e}].filter(v, true).map(v, v)[0]`,
  (e) => `{'k': ${e}}['k']`,
  (e) => `optional.of(${e}).orValue(${e})`,
  (e) => `[${e}]`,
];
/** Expressions over callers that may be absent. */
const AROUND_CALLER: readonly ((expression: string) => string)[] = [
  (e) => `ok(principal) ? ${e} : ${e}`,
  (e) => `peer.address == '' ? ${e} : ${e}`,
  (e) => `!ok(principal) || principal == principal ? ${e} : ${e}`,
];
const EXPRESSIONS = ["by", "if", "in", "fallback", "default", "key", "request"];
const STEP = [
  "supplementary: true ",
  "unordered: true ",
  "defer: true ",
  "if: \"headers['x'] == ''\" ",
  "autobind: true ",
  'fallback: "null" ',
  'after: "item" ',
];
const CALL = [
  'timeout: "50ms" ',
  "retry: { attempts: 2 } ",
  'cache: { ttl: "1s" stale: "2s" } ',
  'hedge: { delay: "5ms" } ',
  "idempotent: true ",
  "read_only: true ",
  'forward: "x-trace" ',
  'metadata: { name: "x-a" by: "headers[\'a\']" } ',
  "on_error: { ignore: true } ",
  'on_error: { on: NOT_FOUND fail: { code: ABORTED message: "{error.message}" } } ',
];
const PLACE = ['header: "x-caller" ', 'cookie: "caller" ', 'claims: "Claims" ', 'claims: "Principal" '];
const EXTENSIONS: Readonly<Record<string, readonly string[]>> = {
  let: STEP,
  call: CALL,
  identity: ['source: { name: "more" peer: { dns: "a.example" } } '],
  source: ['from: "*.mesh.example" ', 'set: { spread: "claims" } ', 'set: { name: "id" by: "credential.subject" } '],
  jwt: [...PLACE, 'algorithm: "ES256" ', 'leeway: "0s" ', 'subject: "spiffe://a.example/*" ', 'audience: "{env.A}" '],
  session: [...PLACE, 'idle: "1h" ', 'absolute: "1m" ', 'scope: "openid" '],
  api_key: [...PLACE, 'prefix: "a_" ', 'cache: "0s" '],
  assertion: [...PLACE, 'issuer: "a" '],
  trusted: PLACE,
  peer: ['dns: "*.a.example" ', 'spiffe: "spiffe://*/a" '],
  tool: ["off: true ", 'name: "a b" ', "max_bytes: 0 ", 'wait: "1s" ', 'hidden: { name: "id" } '],
  permit: ["public: false ", 'source: "user" ', 'scope: "a" ', 'if: "principal == principal" '],
};

const POLICIES = [
  "timeout",
  "retry",
  "backoff",
  "breaker",
  "limit",
  "cache",
  "hedge",
  "on_error",
  "metadata",
  "forward",
  "max",
];
const TYPES = ["string", "int32", "int64", "uint64", "bool", "bytes", "double", "Page", "google.protobuf.Timestamp"];
const NUMBERS = ["0", "1", "2", "-1", "1000000", "4294967296", "0.5", "true", "false", "NOT_FOUND", "100", "3"];
const SYNTAX = [
  ".",
  "?",
  "(",
  ")",
  "[",
  "]",
  "==",
  "+",
  "&&",
  "!",
  "1",
  "1.5",
  "'x'",
  "null",
  "true",
  "[]",
  "{}",
  "ok",
];
const CHARACTERS = [
  "",
  "x",
  "0",
  "_",
  "-",
  ".",
  "{",
  "}",
  "(",
  "é",
  "漢",
  "😀",
  "\u200B",
  "\\t",
  "\\0",
  "\\'",
  "/",
  "$",
  "`",
];

/** Half of them leave files that mostly still generate. */
const names: readonly string[] = [
  ...Object.keys(OPERATORS),
  ...["reorder", "reorder", "rename", "wrap", "wrap", "wrap", "extend", "extend", "extend", "number"],
];

/** Changes a text once; whole again when there was nothing to change. */
export function mutate(text: string, random: Random, corpus: Corpus): Mutation | undefined {
  const name = pick(names, random) ?? "drop";
  const changed = OPERATORS[name]?.(text, random, corpus);
  return changed === undefined || changed === text ? undefined : { what: name, text: changed };
}

const isLike = (a: Entry, b: Entry, same: boolean): boolean =>
  a !== b && a.value.kind === b.value.kind && (a.name === b.name || (!same && a.value.kind === "string"));

function replaced(text: string, span: Span, instead: string): string {
  return `${text.slice(0, span.from)}${instead}${text.slice(span.to)}`;
}

/** The inside of one of the strings. */
function stringPlace(text: string, random: Random, names?: readonly string[]): Span | undefined {
  const strings = optionTree(text).entries.filter(
    ({ name, value }) => value.kind === "string" && (names === undefined || names.includes(name)),
  );
  const entry = pick(strings, random);
  return entry && { from: entry.value.from + 1, to: entry.value.to - 1 };
}

// Expressions over composed messages, each with its value by the contract.
import { IDS, type Item, MISSING, SINGLE_ID } from "./values.ts";

/** Returns the item behind a composed message; undefined: it has none. */
export type Items = (id: string) => Item | undefined;

/** An expression over a composed message, or over a list of them. */
export interface Template {
  /** The type of its field, without `optional`. */
  readonly type: string;
  /** @param path the composed message, or the list */
  readonly text: (path: string) => string;
  readonly value: (items: Items) => unknown;
  /** The ids that the value depends on, if they are not those of the whole list or message. */
  readonly ids?: readonly string[];
  /** True if the author wrote a replacement of a missing value. */
  readonly handled: boolean;
}

const single = (type: string, text: (path: string) => string, value: (item: Item) => unknown): Template => ({
  type,
  text,
  value: (items) => {
    const item = items(SINGLE_ID);
    return item === undefined ? MISSING : value(item);
  },
  handled: false,
});
const replaced = (
  type: string,
  text: (path: string) => string,
  value: (item: Item) => unknown,
  replacement: unknown,
): Template => ({
  type,
  text,
  value: (items) => {
    const item = items(SINGLE_ID);
    return item === undefined ? replacement : value(item);
  },
  handled: true,
});

/** Over a message, without a value that may be missing: a failure elsewhere in the message changes nothing. */
const untouched = (type: string, text: (path: string) => string, value: unknown): Template => ({
  type,
  text,
  value: () => value,
  handled: false,
  ids: [],
});
export const UNTOUCHED: readonly Template[] = [
  untouched("string", (p) => `${p}.id`, SINGLE_ID),
  untouched("string", (p) => `${p}.id + '!'`, `${SINGLE_ID}!`),
];
export const UNTOUCHED_LISTS: readonly Template[] = [
  untouched("string", (p) => `${p}.map(l, l.id).join('')`, IDS.join("")),
  untouched("int64", (p) => `size(${p})`, BigInt(IDS.length)),
  untouched("bool", (p) => `${p}.exists(l, l.id == 'b')`, true),
  untouched("repeated string", (p) => `${p}.map(l, l.id)`, [...IDS]),
];

/** Over a message; the first of them read a bare path. */
export const PATHS: readonly Template[] = [
  single(
    "int64",
    (p) => `${p}.cents`,
    (i) => i.cents,
  ),
  single(
    "string",
    (p) => `${p}.name`,
    (i) => i.name,
  ),
  single(
    "repeated string",
    (p) => `${p}.tags`,
    (i) => i.tags,
  ),
  single(
    "map<string, string>",
    (p) => `${p}.attributes`,
    (i) => i.attributes,
  ),
];
export const COMPUTED: readonly Template[] = [
  single(
    "int64",
    (p) => `${p}.cents + 1`,
    (i) => i.cents + 1n,
  ),
  single(
    "int64",
    (p) => `-${p}.cents`,
    (i) => -i.cents,
  ),
  single(
    "string",
    (p) => `'p' + ${p}.name`,
    (i) => `p${i.name}`,
  ),
  single(
    "bool",
    (p) => `${p}.name == 'n-e'`,
    () => true,
  ),
  single(
    "bool",
    (p) => `${p}.cents < 0`,
    () => false,
  ),
  single(
    "bool",
    (p) => `[${p}] == [${p}, ${p}]`,
    () => false,
  ),
  single(
    "string",
    (p) => `${p}.cents > 3 ? 'high' : 'low'`,
    (i) => (i.cents > 3n ? "high" : "low"),
  ),
  single(
    "string",
    (p) => `string(${p}.cents)`,
    (i) => `${i.cents}`,
  ),
  single(
    "int64",
    (p) => `${p}.size.width + 1`,
    (i) => BigInt(i.width + 1),
  ),
  single(
    "repeated string",
    (p) => `[${p}.name, 'x']`,
    (i) => [i.name, "x"],
  ),
  single(
    "map<string, string>",
    (p) => `{'n': ${p}.name}`,
    (i) => ({ n: i.name }),
  ),
  single(
    "string",
    (p) => `cel.bind(n, ${p}.name, n + n)`,
    (i) => i.name + i.name,
  ),
];
export const LISTS_INSIDE: readonly Template[] = [
  single(
    "int64",
    (p) => `size(${p}.tags)`,
    (i) => BigInt(i.tags.length),
  ),
  single(
    "string",
    (p) => `${p}.tags.join(',')`,
    (i) => i.tags.join(","),
  ),
  single(
    "repeated string",
    (p) => `${p}.tags.map(t, t + '!')`,
    (i) => i.tags.map((tag) => `${tag}!`),
  ),
  single(
    "bool",
    (p) => `${p}.tags.exists(t, t == 'none')`,
    () => false,
  ),
  single(
    "bool",
    (p) => `${p}.tags.all(t, t != 'none')`,
    () => true,
  ),
  single(
    "bool",
    (p) => `'none' in ${p}.tags`,
    () => false,
  ),
  single(
    "repeated string",
    (p) => `${p}.tags + ['x']`,
    (i) => [...i.tags, "x"],
  ),
];
export const MAPS_INSIDE: readonly Template[] = [
  single(
    "string",
    (p) => `${p}.attributes['k']`,
    (i) => i.attributes.k,
  ),
  single(
    "bool",
    (p) => `'none' in ${p}.attributes`,
    () => false,
  ),
  single(
    "int64",
    (p) => `size(${p}.attributes)`,
    () => 1n,
  ),
  single(
    "bool",
    (p) => `${p}.attributes.exists(k, k == 'none')`,
    () => false,
  ),
  single(
    "map<string, string>",
    (p) => `${p}.attributes.transformMap(k, v, v + k)`,
    (i) => ({ k: `${i.attributes.k}k` }),
  ),
];
export const HANDLED: readonly Template[] = [
  replaced(
    "int64",
    (p) => `ok(${p}.cents) ? ${p}.cents : -1`,
    (i) => i.cents,
    -1n,
  ),
  replaced(
    "int64",
    (p) => `!ok(${p}.cents) ? -1 : ${p}.cents + 1`,
    (i) => i.cents + 1n,
    -1n,
  ),
  replaced(
    "string",
    (p) => `has(${p}.name) ? ${p}.name : 'none'`,
    (i) => i.name,
    "none",
  ),
  replaced(
    "int64",
    (p) => `${p}.?cents.orValue(-1)`,
    (i) => i.cents,
    -1n,
  ),
  replaced(
    "string",
    (p) => `'p' + ${p}.?name.orValue('none')`,
    (i) => `p${i.name}`,
    "pnone",
  ),
  replaced(
    "int64",
    (p) => `ok(${p}.tags) ? size(${p}.tags) : -1`,
    (i) => BigInt(i.tags.length),
    -1n,
  ),
  replaced(
    "bool",
    (p) => `ok(${p}.cents) && ${p}.cents > 0`,
    () => true,
    false,
  ),
  replaced(
    "bool",
    (p) => `!ok(${p}.cents) || ${p}.cents < 0`,
    () => false,
    true,
  ),
  replaced(
    "bool",
    (p) => `ok(${p}.name)`,
    () => true,
    false,
  ),
  replaced(
    "bool",
    (p) => `has(${p}.name)`,
    () => true,
    false,
  ),
];

type Over = (items: readonly Item[]) => unknown;
const all = (type: string, text: (path: string) => string, value: Over): Template => ({
  type,
  text,
  value: (items) => {
    const found = IDS.map(items);
    return found.every((item) => item !== undefined) ? value(found) : MISSING;
  },
  handled: false,
});
const some = (type: string, text: (path: string) => string, value: Over): Template => ({
  type,
  text,
  value: (items) => value(IDS.flatMap((id) => items(id) ?? [])),
  handled: true,
});
const sum: Over = (items) => items.reduce((total, { cents }) => total + cents, 0n);
const names: Over = (items) => items.map(({ name }) => name).join(",");

/** Over a list of messages. */
export const OVER_LISTS: readonly Template[] = [
  all("int64", (p) => `${p}.map(l, l.cents).sum()`, sum),
  all(
    "int64",
    (p) => `${p}.map(l, l.cents * 2).sum()`,
    (items) => (sum(items) as bigint) * 2n,
  ),
  all("string", (p) => `${p}.map(l, l.name).join(',')`, names),
  all(
    "bool",
    (p) => `${p}.exists(l, l.cents == 99)`,
    () => false,
  ),
  all(
    "bool",
    (p) => `${p}.exists(l, l.name == 'n-a')`,
    () => true,
  ),
  all(
    "bool",
    (p) => `${p}.all(l, l.cents > 0)`,
    () => true,
  ),
  all(
    "int64",
    (p) => `size(${p}.filter(l, l.cents > 0))`,
    (items) => BigInt(items.length),
  ),
  all("int64", (p) => `${p}.reduce(t, l, t + l.cents, 0)`, sum),
  all(
    "string",
    (p) => `${p}.sortDesc(l, l.cents).map(l, l.id).join(',')`,
    (items) =>
      [...items]
        .reverse()
        .map(({ id }) => id)
        .join(","),
  ),
  all(
    "int64",
    (p) => `size(${p}.map(l, size(l.tags)))`,
    (items) => BigInt(items.length),
  ),
  all(
    "repeated int64",
    (p) => `${p}.map(l, l.cents)`,
    (items) => items.map(({ cents }) => cents),
  ),
  all(
    "bool",
    (p) => `${p}.exists_one(l, l.cents == 2)`,
    () => true,
  ),
  all(
    "bool",
    (p) => `${p}.all(l, l != ${p}[3] || l in ${p})`,
    () => true,
  ),
  all(
    "int64",
    (p) => `size(${p}.distinct())`,
    (items) => BigInt(items.length),
  ),
];
export const HANDLED_LISTS: readonly Template[] = [
  some("int64", (p) => `${p}.filter(l, ok(l.cents)).map(l, l.cents).sum()`, sum),
  some("int64", (p) => `${p}.map(l, ok(l.cents), l.cents).sum()`, sum),
  some("int64", (p) => `${p}.map(l, l.?cents.orValue(0)).sum()`, sum),
  some("int64", (p) => `${p}.map(l, ok(l.cents) ? l.cents : 0).sum()`, sum),
  some("string", (p) => `${p}.filter(l, has(l.name)).map(l, l.name).join(',')`, names),
  some(
    "int64",
    (p) => `size(${p}.filter(l, ok(l.cents) && l.cents > 0))`,
    (items) => BigInt(items.length),
  ),
];
/** Over a map of messages by their ids. */
export const OVER_MAPS: readonly Template[] = [
  all("int64", (p) => `${p}.transformList(k, v, v.cents).sum()`, sum),
  all(
    "bool",
    (p) => `${p}.exists(k, ${p}[k].cents == 99)`,
    () => false,
  ),
  all(
    "bool",
    (p) => `${p}.all(k, v, v.cents > 0)`,
    () => true,
  ),
  all(
    "map<string, int64>",
    (p) => `${p}.transformMap(k, v, v.cents)`,
    (items) => Object.fromEntries(items.map(({ id, cents }) => [id, cents])),
  ),
];

// Functions that @bufbuild/cel lacks. An optional is a map with one marked key, or none.
import { createHash } from "node:crypto";
import {
  type CelFunc,
  type CelInput,
  type CelMap,
  CelScalar,
  type CelValue,
  celFunc,
  celList,
  celMap,
  celMethod,
  isCelList,
  isCelMap,
  isCelUint,
  listType,
  mapType,
} from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import { isReflectMessage } from "@bufbuild/protobuf/reflect";

const { BOOL, DYN, INT, STRING } = CelScalar;
const LIST = listType(DYN);
const MAP = mapType(DYN, DYN);

/** Names of the shards of every upstream that has some. */
export const SHARDS: readonly string[] = ["eu", "us"];
const SOME = "@some";
export const none: CelMap = celMap(new Map([["@none", true]]));
export const some = (value: CelInput): CelMap => celMap(new Map([[SOME, value]]));

/** The value of an optional; undefined for none; any other value itself. */
export function unwrapped(value: CelValue | CelInput): CelInput | undefined {
  if (!isCelMap(value) || value.size !== 1) return value as CelInput;
  if (value.has("@none")) return undefined;
  return value.has(SOME) ? (value.get(SOME) as CelInput) : value;
}

/** Selects a field or a key, through an optional, too. */
function selected(from: CelInput, key: CelInput): CelMap {
  const of = unwrapped(from);
  if (isReflectMessage(of)) {
    const field = of.desc.fields.find(({ name }) => name === key);
    if (field === undefined) throw new Error(`no field ${String(key)}`);
    return of.isSet(field) ? some(read(of.get(field))) : none;
  }
  if (isCelMap(of)) return of.has(key as string) ? some(of.get(key as string) as CelInput) : none;
  if (isCelList(of)) return Number(key) >= 0 && Number(key) < of.size ? some(of.get(Number(key)) as CelInput) : none;
  return none;
}
/** Selects a field or a key. Throws for an unset optional field. */
function set(of: CelInput, name: string): CelInput {
  const field = isReflectMessage(of) ? of.desc.fields.find((candidate) => candidate.name === name) : undefined;
  if (!isReflectMessage(of) || field === undefined) return orThrow(unwrapped(selected(of, name)));
  if (field.presence !== 2 && field.fieldKind !== "list" && field.fieldKind !== "map" && !of.isSet(field))
    throw new Error(`${name} is unset`);
  return read(of.get(field));
}
/** The place of a value between 0 and 1, by the first 48 bits of a hash. */
export const shareOf = (name: string, value: string): number =>
  createHash("sha256").update(`${name}\0${value}`).digest().readUIntBE(0, 6) / 2 ** 48;
/** CEL has one type of signed integers. */
const read = (value: unknown): CelInput =>
  typeof value === "number" && Number.isInteger(value) ? BigInt(value) : (value as CelInput);

function compare(a: CelValue, b: CelValue): number {
  const [element, two] = [a, b].map((value) => (isCelUint(value) ? value.value : value)) as [bigint, bigint];
  if (typeof element === "string" && typeof two === "string")
    return Buffer.compare(Buffer.from(element), Buffer.from(two));
  return Number(element > two) - Number(element < two);
}
function sum(items: readonly CelValue[]): bigint {
  const total = items.reduce<bigint>((sum, item) => sum + (item as bigint), 0n);
  if (BigInt.asIntN(64, total) !== total) throw new Error("overflow");
  return total;
}
const best = (items: readonly CelValue[], sign: number): CelValue =>
  items.reduce((found, item) => (compare(item, found) * sign > 0 ? item : found));
const orThrow = (value: CelInput | undefined): CelInput => {
  if (value === undefined) throw new Error("no value");
  return value;
};

/** Positions of these functions count code points, which those of @bufbuild/cel do not. */
const POSITIONS = new Set(["indexOf", "lastIndexOf", "substring", "charAt"]);
const points = (text: string): readonly string[] => [...text];
function range(from: bigint, to: bigint, text: string): string {
  const all = points(text);
  if (from < 0n || to < from || to > all.length) throw new Error("an index out of range");
  return all.slice(Number(from), Number(to)).join("");
}
function pointIndex(text: string, at: number): bigint {
  return at < 0 ? -1n : BigInt(points(text.slice(0, at)).length);
}

/** A text whose order by UTF-16 units is that of the code points of another. */
function ordered(value: CelValue): CelInput {
  if (typeof value !== "string") return value as CelInput;
  return points(value)
    .map((point) => String.fromCharCode((point.codePointAt(0) ?? 0) >> 16, (point.codePointAt(0) ?? 0) & 0xffff))
    .join("");
}

const INTEGER = /^[-+]?\d+$/;
/** Rejects texts that are no numbers. */
const number =
  (pattern: RegExp) =>
  (value: CelValue): CelInput => {
    if (typeof value === "string" && !pattern.test(value)) throw new Error("no number");
    return value as CelInput;
  };

export const functions: readonly CelFunc[] = [
  ...strings.filter(({ name }) => !POSITIONS.has(name)),
  celMethod("indexOf", STRING, [STRING], INT, function (part) {
    return pointIndex(this, this.indexOf(part));
  }),
  celMethod("lastIndexOf", STRING, [STRING], INT, function (part) {
    return pointIndex(this, this.lastIndexOf(part));
  }),
  celMethod("substring", STRING, [INT, INT], STRING, function (from, to) {
    return range(from, to, this);
  }),
  celMethod("charAt", STRING, [INT], STRING, function (at) {
    return at === BigInt(points(this).length) ? "" : range(at, at + 1n, this);
  }),
  celFunc("@ordered", [DYN], DYN, ordered),
  celFunc("@int", [DYN], DYN, number(INTEGER)),
  celFunc("@uint", [DYN], DYN, number(/^\d+$/)),
  celFunc("@duration", [DYN], DYN, number(/./)),
  celFunc("@double", [DYN], DYN, number(/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i)),
  celFunc("@set", [DYN, STRING], DYN, (of, name) => set(of as CelInput, name)),
  celFunc("shard.names", [STRING], LIST, () => celList([...SHARDS])),
  celFunc("share.of", [STRING, STRING], CelScalar.DOUBLE, shareOf),
  celFunc("@field", [DYN, STRING], MAP, (of, name) => selected(of as CelInput, name)),
  celFunc("@index", [DYN, DYN], MAP, (of, key) => selected(of as CelInput, key as CelInput)),
  celFunc("@optional.of", [DYN], MAP, (value) => some(value as CelInput)),
  celFunc("@optional.none", [], MAP, () => none),
  celFunc("@header", [MAP, STRING], STRING, (headers, name) => String(headers.get(name) ?? "")),
  celMethod("hasValue", MAP, [], BOOL, function () {
    return unwrapped(this) !== undefined;
  }),
  celMethod("value", MAP, [], DYN, function () {
    return orThrow(unwrapped(this));
  }),
  celMethod("orValue", MAP, [DYN], DYN, function (other) {
    return unwrapped(this) ?? (other as CelInput);
  }),
  celMethod("or", MAP, [MAP], MAP, function (other) {
    return unwrapped(this) === undefined ? other : this;
  }),
  celMethod("take", LIST, [INT], LIST, function (count) {
    if (count < 0n) throw new Error("a negative count");
    return celList([...this].slice(0, Number(count)));
  }),
  celMethod("sum", LIST, [], DYN, function () {
    return sum([...this]);
  }),
  celMethod("first", LIST, [], MAP, function () {
    return this.size === 0 ? none : some(this.get(0) as CelInput);
  }),
  celMethod("reverse", LIST, [], LIST, function () {
    return celList([...this].reverse());
  }),
  celMethod("distinct", LIST, [], LIST, function () {
    return celList([...new Set([...this])]);
  }),
  celMethod("sort", LIST, [], LIST, function () {
    return celList([...this].sort(compare));
  }),
  celMethod("sortDesc", LIST, [], LIST, function () {
    return celList([...this].sort((a, b) => compare(b, a)));
  }),
  celFunc("@sortBy", [LIST, LIST], LIST, (items, keys) => {
    const pairs = [...items].map((item, at) => ({ item, key: orThrow(keys.get(at)) }));
    return celList(pairs.sort((a, b) => compare(a.key as CelValue, b.key as CelValue)).map(({ item }) => item));
  }),
  celFunc("math.greatest", [DYN, DYN], DYN, (a, b) => best([a, b], 1)),
  celFunc("math.least", [DYN, DYN], DYN, (a, b) => best([a, b], -1)),
];

// The functions that @bufbuild/cel does not have, as language.md and cel-go define them.
import { createHash } from "node:crypto";
import {
  type CelFunc,
  type CelInput,
  type CelList,
  CelScalar,
  type CelValue,
  celFunc,
  celList,
  celMap,
  celMethod,
  celUint,
  isCelList,
  isCelMap,
  isCelUint,
  listType,
  mapType,
} from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import { isReflectMessage } from "@bufbuild/protobuf/reflect";
import { lacksOnPath } from "../taints/missing.ts";
import { entries } from "./entries.ts";
import { money } from "./functions-money.ts";
import { texts } from "./functions-texts.ts";
import { times } from "./functions-times.ts";
import { none, some, unwrapped } from "./macros.ts";

const { BOOL, BYTES, DOUBLE, DYN, INT, STRING } = CelScalar;
const LIST = listType(DYN);
const MAP = mapType(DYN, DYN);

export const functions: CelFunc[] = [
  ...strings,
  ...entries,
  celFunc("@header", [DYN, STRING], STRING, (headers, name) => {
    const value = isCelMap(headers) ? headers.get(name) : undefined;
    return typeof value === "string" ? value : "";
  }),
  celMethod("take", LIST, [INT], LIST, function (count) {
    if (count < 0n) throw new Error("take: negative");
    return celList([...this].slice(0, Number(count)));
  }),
  celMethod("sum", LIST, [], DYN, function () {
    return sum(this);
  }),
  ...money,
  celMethod("flatten", LIST, [], LIST, function () {
    return celList([...this].flatMap((item) => (isCelList(item) ? [...item] : [item])));
  }),
  celMethod("reverse", LIST, [], LIST, function () {
    return celList([...this].reverse());
  }),
  celMethod("distinct", LIST, [], LIST, function () {
    return celList([...new Map([...this].map((item) => [key(item), item])).values()]);
  }),
  celMethod("sort", LIST, [], LIST, function () {
    return celList([...this].sort(compare));
  }),
  celFunc("@sortBy", [LIST, LIST], LIST, (items, keys) => {
    const pairs = [...items].map((item, at) => ({ item, key: keys.get(at) ?? null }));
    return celList(pairs.sort((a, b) => compare(a.key, b.key)).map((pair) => pair.item));
  }),
  celFunc("@sortDesc", [LIST, LIST], LIST, (items, keys) => {
    const pairs = [...items].map((item, at) => ({ item, key: keys.get(at) ?? null }));
    return celList(pairs.sort((a, b) => compare(b.key, a.key)).map((pair) => pair.item));
  }),
  celMethod("sortDesc", LIST, [], LIST, function () {
    return celList([...this].sort((a, b) => compare(b, a)));
  }),
  celMethod("first", LIST, [], MAP, function () {
    return firstOf(this);
  }),
  celFunc("@first", [LIST], MAP, firstOf),
  ...texts,
  ...times,
  celFunc("math.greatest", [LIST], DYN, (list) => extreme([...list], 1)),
  celFunc("math.greatest", [DYN, DYN], DYN, (a, b) => extreme([a, b], 1)),
  celFunc("math.least", [LIST], DYN, (list) => extreme([...list], -1)),
  celFunc("math.least", [DYN, DYN], DYN, (a, b) => extreme([a, b], -1)),
  celFunc("page.size", [INT, INT, INT], DYN, (size, usual, most) => (size === 0n ? usual : extreme([size, most], -1))),
  celFunc("share.of", [STRING, STRING], DOUBLE, (name, value) => {
    const digest = createHash("sha256").update(name).update(Uint8Array.of(0)).update(value).digest();
    return digest.readUIntBE(0, 6) / 2 ** 48;
  }),
  // Without shards, as a mock.
  celFunc("shard.names", [STRING], LIST, () => celList(["only"])),
  // The text of a token is not predicted, only its presence and its state.
  celFunc("page.seal", [MAP], STRING, (state) => (state.size === 0 ? "" : tokenOf(state))),
  celFunc("page.open", [STRING], MAP, (token) => celMap(new Map(token === "" ? [] : stateOf(token)))),
  celFunc("base64.encode", [BYTES], STRING, (bytes) => Buffer.from(bytes).toString("base64")),
  celFunc("base64.decode", [STRING], BYTES, (text) => new Uint8Array(Buffer.from(text, "base64"))),
  celFunc("optional.of", [DYN], MAP, some),
  celFunc("optional.none", [], MAP, () => none),
  celFunc("@whole", [DYN, STRING], BOOL, (from, path) => !lacksOnPath(from, path.split("."))),
  celFunc("@optionalField", [DYN, STRING], MAP, optionalField),
  celMethod("orValue", MAP, [DYN], DYN, function (other) {
    return unwrapped(this) ?? other;
  }),
  celMethod("hasValue", MAP, [], BOOL, function () {
    return unwrapped(this) !== undefined;
  }),
  celMethod("value", MAP, [], DYN, function () {
    const value = unwrapped(this);
    if (value === undefined) throw new Error("value: none");
    return value;
  }),
];

/** Returns the token of a state, as the oracle writes it. */
export const tokenOf = (state: Iterable<readonly [unknown, unknown]>): string => `token${JSON.stringify([...state])}`;
const stateOf = (token: string): readonly [string, string][] => JSON.parse(token.slice("token".length));

function firstOf(list: CelList) {
  const [first] = list;
  return first === undefined ? none : some(first);
}

function optionalField(from: CelInput, name: string) {
  const value = unwrapped(from);
  if (value === undefined) return none;
  if (isCelMap(value)) {
    const item = value.get(name);
    return item === undefined ? none : some(item);
  }
  if (!isReflectMessage(value)) throw new Error(`no field ${name}`);
  const field = value.desc.fields.find((f) => f.name === name);
  if (field === undefined) throw new Error(`no field ${name}`);
  if (!value.isSet(field)) return none;
  const content = value.get(field);
  return some(
    typeof content === "number" && field.scalar !== 1 && field.scalar !== 2 ? BigInt(content) : (content as CelInput),
  );
}

function key(value: CelValue): unknown {
  if (isCelUint(value)) return Number(value.value);
  return typeof value === "bigint" ? Number(value) : value;
}

function number(value: CelValue): bigint | number | undefined {
  if (isCelUint(value)) return value.value;
  return typeof value === "bigint" || typeof value === "number" ? value : undefined;
}

function compare(a: CelValue, b: CelValue): number {
  const [x, y] = [number(a) ?? instant(a) ?? a, number(b) ?? instant(b) ?? b];
  if (typeof x === "string" && typeof y === "string") return Buffer.compare(Buffer.from(x), Buffer.from(y));
  if (typeof x === "boolean" && typeof y === "boolean") return Number(x) - Number(y);
  if (typeof x === "object" || typeof y === "object" || typeof x !== typeof y) {
    if (number(a) === undefined || number(b) === undefined) throw new Error("not comparable");
  }
  return x !== null && y !== null && x < y ? -1 : x !== null && y !== null && x > y ? 1 : 0;
}

/** Timestamps and durations in nanoseconds. */
function instant(value: CelValue): bigint | undefined {
  if (!isReflectMessage(value)) return undefined;
  const part = (name: string) => {
    const field = value.desc.fields.find((f) => f.name === name);
    return field === undefined ? undefined : (value.get(field) as bigint | number);
  };
  const [seconds, nanos] = [part("seconds"), part("nanos")];
  return seconds === undefined || nanos === undefined ? undefined : BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
}

function extreme(list: readonly CelValue[], sign: 1 | -1): CelValue {
  const [first, ...rest] = list;
  if (first === undefined) throw new Error("of nothing");
  return rest.reduce<CelValue>((best, value) => (compare(value, best) * sign > 0 ? value : best), first);
}

function sum(list: CelList): CelValue {
  const items = [...list];
  if (items.length > 0 && items.every((item) => typeof item === "number")) return items.reduce((a, b) => a + b, 0);
  if (items.length > 0 && items.every(isCelUint)) {
    const total = items.reduce((a, b) => a + b.value, 0n);
    if (total >= 1n << 64n) throw new Error("sum: overflow");
    return celUint(total);
  }
  let total = 0n;
  for (const item of items) {
    if (typeof item !== "bigint") throw new Error("sum: not numbers");
    total += item;
    if (BigInt.asIntN(64, total) !== total) throw new Error("sum: overflow");
  }
  return total;
}

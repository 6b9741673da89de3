// Conversion of CEL values to fields: copies, enums, numbers, presence.
import { type CelInput, celList, celMap, isCelList, isCelMap, isCelUint } from "@bufbuild/cel";
import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import {
  isReflectMessage,
  type ReflectList,
  type ReflectMap,
  type ReflectMessage,
  reflect,
} from "@bufbuild/protobuf/reflect";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { unwrapped } from "./functions.ts";
import { invalid } from "./result.ts";
import { type FieldRule, first, type Rules } from "./rules.ts";

/** Computes a field of a copy from the message that it copies. */
type Added = (rule: FieldRule, source: ReflectMessage) => CelInput | undefined;

export class Converter {
  readonly #rules: Rules;
  readonly #added: Added;

  /** @param added computes `by` and `fallback` of copies */
  constructor(rules: Rules, added: Added) {
    this.#rules = rules;
    this.#added = added;
  }

  /** Sets a field. An unset optional and null leave it unset. Throws `StepFailure` for a value that does not fit. */
  assign(message: ReflectMessage, field: DescField, passed: CelInput | undefined, from = this.#enumFrom): void {
    this.#enumFrom = from;
    const value = passed === undefined ? undefined : unwrapped(passed);
    if (value === undefined || value === null) return;
    if (field.fieldKind === "list") {
      const list = message.get(field) as ReflectList;
      if (!isCelList(value)) throw invalid(`${field.name} is no list`);
      for (const item of value) list.add(this.#converted(field, item as CelInput));
    } else if (field.fieldKind === "map") {
      const map = message.get(field) as ReflectMap;
      if (!isCelMap(value)) throw invalid(`${field.name} is no map`);
      for (const [key, item] of value)
        map.set(plain(key as CelInput) as string, this.#converted(field, item as CelInput));
    } else message.set(field, this.#converted(field, value) as never);
  }

  #converted(field: DescField, value: CelInput): unknown {
    if (field.message !== undefined) return this.message(field.message, value);
    if (field.enum !== undefined) return this.#enum(field.enum, value);
    return scalar(field.scalar ?? ScalarType.STRING, value);
  }

  /** Returns a message of the type: the value itself, or a copy of it. */
  message(desc: DescMessage, value: CelInput): ReflectMessage {
    const made = reflect(desc);
    const [inner] = desc.fields;
    if (isWrapperDesc(desc) && !isReflectMessage(value)) {
      if (inner?.fieldKind === "scalar") made.set(inner, scalar(inner.scalar, value) as never);
      return made;
    }
    if (!isReflectMessage(value)) throw invalid(`no ${desc.typeName}`);
    if (value.desc.typeName === desc.typeName) return value;
    for (const field of desc.fields) this.#copy(made, field, value);
    return made;
  }

  #copy(made: ReflectMessage, field: DescField, value: ReflectMessage): void {
    const rule = this.#rules.fields.get(`${made.desc.typeName}.${field.name}`) ?? {};
    if (rule.by !== undefined) {
      this.assign(made, field, this.#added(rule, value));
      return;
    }
    const name = first(rule.alias) ?? field.name;
    const from = value.desc.fields.find((candidate) => candidate.name === name);
    if (from === undefined) return;
    if (from.presence !== 2 && !value.isSet(from)) {
      if (rule.fallback !== undefined) this.assign(made, field, this.#added(rule, value));
      return;
    }
    this.#enumFrom = from.enum;
    this.assign(made, field, celOf(value, from));
    this.#enumFrom = undefined;
  }
  /** The enum of the numbers that are being copied. */
  #enumFrom: DescEnum | undefined;

  /** Fills the upstream's request from a copy of it, or a message from its alias: fields with a `by` are written back. */
  writtenBack(desc: DescMessage, copy: ReflectMessage): ReflectMessage {
    const made = reflect(desc);
    for (const field of copy.desc.fields) {
      const rule = this.#rules.fields.get(`${copy.desc.typeName}.${field.name}`) ?? {};
      const path = rule.by?.split(".").slice(1) ?? [first(rule.alias) ?? field.name];
      const unset = field.presence !== 2 && !copy.isSet(field);
      const other = rule.fallback === undefined ? undefined : this.#added(rule, copy);
      const value = unset ? other : celOf(copy, field);
      if (value !== undefined) this.setPath(made, path, value, field.enum);
    }
    return made;
  }

  /** Sets a field of a request by its dotted path. */
  setPath(message: ReflectMessage, [name = "", ...rest]: readonly string[], value: CelInput, from?: DescEnum): void {
    const field = message.desc.fields.find((candidate) => candidate.name === name);
    if (field === undefined) throw new Error(`no field ${name} in ${message.desc.typeName}`);
    if (rest.length > 0 && field.fieldKind === "message") {
      const inner = message.isSet(field) ? message.get(field) : reflect(field.message);
      this.setPath(inner, rest, value, from);
      message.set(field, inner);
      return;
    }
    if (field.fieldKind === "list") (message.get(field) as ReflectList).clear();
    if (field.fieldKind === "map") (message.get(field) as ReflectMap).clear();
    this.#enumFrom = from;
    this.#upwards = true;
    try {
      this.assign(message, field, value);
    } finally {
      this.#upwards = false;
      this.#enumFrom = undefined;
    }
  }
  #upwards = false;

  #enum(desc: DescEnum, value: CelInput): number {
    const number = Number(plain(value));
    const alias = this.#rules.enums.get(desc.typeName)?.alias;
    if (alias !== undefined) return this.#copiedValue(desc, number);
    if (!this.#upwards || this.#enumFrom === undefined || this.#enumFrom === desc) return number;
    const source = this.#enumFrom;
    const sent = source.values.find((candidate) => candidate.number === number);
    const name = sent && (first(this.#rules.values.get(`${source.typeName}.${sent.name}`)?.alias) ?? sent.name);
    const found = desc.values.find((candidate) => candidate.name === name);
    if (found === undefined) throw invalid(`no ${number} in ${desc.typeName}`, Code.InvalidArgument);
    return found.number;
  }

  /** The counterpart of an upstream's value, or the default. Numbers of the enum itself stay as they are. */
  #copiedValue(desc: DescEnum, number: number): number {
    const alias = first(this.#rules.enums.get(desc.typeName)?.alias);
    const from = this.#enumFrom;
    if (from === undefined || from.typeName !== alias) return number;
    const rule = (name: string) => this.#rules.values.get(`${desc.typeName}.${name}`);
    const name = from.values.find((candidate) => candidate.number === number)?.name;
    const found = desc.values.find(
      (value) => name !== undefined && (first(rule(value.name)?.alias) ?? value.name) === name,
    );
    return (found ?? desc.values.find((value) => rule(value.name)?.default))?.number ?? 0;
  }
}

/** The value of a field as CEL has it. */
export function celOf(message: ReflectMessage, field: DescField): CelInput {
  if (field.fieldKind === "list")
    return celList([...(message.get(field) as ReflectList)].map((item) => number(field, item)));
  if (field.fieldKind === "map") return celMap(message.get(field) as ReflectMap);
  return number(field, message.get(field));
}
function number(field: DescField, value: unknown): CelInput {
  if (typeof value !== "number") return value as CelInput;
  const real = field.scalar === ScalarType.DOUBLE || field.scalar === ScalarType.FLOAT;
  return real ? value : BigInt(value);
}

const plain = (value: CelInput): unknown => (isCelUint(value) ? value.value : value);

const RANGES: Partial<Record<ScalarType, readonly [bigint, bigint]>> = {
  [ScalarType.INT32]: [-(1n << 31n), (1n << 31n) - 1n],
  [ScalarType.UINT32]: [0n, (1n << 32n) - 1n],
};
function scalar(type: ScalarType, passed: CelInput): unknown {
  const value = plain(passed);
  const range = RANGES[type];
  if (range === undefined || typeof value !== "bigint")
    return type === ScalarType.FLOAT ? Math.fround(Number(value)) : value;
  if (value < range[0] || value > range[1]) throw invalid(`${value} is out of range`);
  return Number(value);
}

// From CEL's values to fields of messages: numbers, wrappers, Struct, and the alias conversions between BFF and upstream types.
import { type CelInput, isCelList, isCelMap, isCelUint } from "@bufbuild/cel";
import { create, type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import {
  isReflectList,
  isReflectMap,
  isReflectMessage,
  type ReflectMessage,
  reflect,
} from "@bufbuild/protobuf/reflect";
import { AnySchema, anyPack, isWrapperDesc } from "@bufbuild/protobuf/wkt";
import type { Ir, IrEnum, IrField, IrMessage } from "../../../../plugin/src/ir/ir.ts";
import { Invalid } from "../invalid.ts";
import { type FieldRead, fieldReads } from "../taints/field-reads.ts";
import { rememberCopy } from "../taints/missing.ts";
import { enumAcross } from "./enums.ts";
import { Evaluator } from "./evaluator.ts";
import { expression } from "./expression.ts";
import { canBeAbsent, hasPresence, walk } from "./field-value.ts";
import { unwrapped } from "./macros.ts";

/** Copies in each other; deeper ones are read as a whole. */
const MAX_DEPTH = 20;

export class Converter {
  readonly #messages: ReadonlyMap<string, IrMessage>;
  readonly #enums: ReadonlyMap<string, IrEnum>;

  readonly #ir: Ir;

  constructor(ir: Ir) {
    this.#ir = ir;
    this.#messages = new Map(
      ir.files.flatMap((file) => file.messages.map((message) => [message.desc.typeName, message])),
    );
    this.#enums = new Map(ir.files.flatMap((file) => file.enums.map((rule) => [rule.desc.typeName, rule])));
  }

  /**
   * Sets a field from a CEL value; `null` leaves it unset. `from` is the enum that the value's ints belong to.
   * Throws `Invalid` when a number does not fit.
   */
  set(target: ReflectMessage, field: DescField, input: CelInput, from: DescEnum | undefined): void {
    const value = unwrapped(input);
    if (value === undefined || (value === null && !isJsonValue(field))) return;
    try {
      switch (field.fieldKind) {
        case "list": {
          const list = target.get(field);
          list.clear();
          for (const item of items(value)) list.add(this.#convert(field, item, from));
          return;
        }
        case "map": {
          const map = target.get(field);
          map.clear();
          for (const [key, item] of entries(value))
            map.set(mapKey(field.mapKey, key), this.#convert(field, item, from));
          return;
        }
        default:
          target.set(field, this.#convert(field, value, from));
      }
    } catch (error) {
      if (error instanceof Invalid) throw error;
      throw new Invalid(`${field}: ${error instanceof Error ? error.message : error}`);
    }
  }

  #convert(field: DescField, value: CelInput, from: DescEnum | undefined): unknown {
    if (field.message !== undefined) return this.#message(field.message, value);
    if (field.enum !== undefined) return this.#enum(Number(integer(value)), from, field.enum);
    if (field.scalar === undefined) throw new Error(`no type: ${field}`);
    return scalar(field.scalar, value);
  }

  #message(to: DescMessage, value: CelInput): ReflectMessage {
    if (isReflectMessage(value) && value.desc.typeName === to.typeName) return value;
    if (isWrapperDesc(to)) {
      const made = reflect(to);
      const [field] = to.fields;
      if (field?.scalar === undefined) throw new Error(`not a wrapper: ${to.typeName}`);
      made.set(field, scalar(field.scalar, value));
      return made;
    }
    const json = jsonMessage(to, value);
    if (json !== undefined) return json;
    if (to.typeName === "google.protobuf.Any" && isReflectMessage(value))
      return reflect(AnySchema, anyPack(value.desc, value.message));
    if (!isReflectMessage(value)) throw new Error(`no message for ${to.typeName}`);
    return this.alias(value, to);
  }

  /** A pruned copy: fields by name or `alias`, unset ones stay unset, unknown ones are dropped. Works in both directions. */
  alias(from: ReflectMessage, to: DescMessage): ReflectMessage {
    const target = this.#pruned(from, to, (field) => this.#counterpart(from.desc, field));
    const copy = this.#messages.get(to.typeName);
    if (copy?.alias !== undefined) for (const field of copy.fields) this.#compute(from, target, field);
    else for (const field of this.#messages.get(from.desc.typeName)?.fields ?? []) this.#writeBack(from, target, field);
    const copied = (copy?.fields ?? []).filter(({ by, fallback }) => by === undefined && fallback === undefined);
    const names = copied.map(({ desc, alias }) => [desc.name, alias?.value ?? desc.name] as const);
    rememberCopy(target.message, from.message, new Map(names));
    return target;
  }
  /** Returns the fields of a message that its copy needs. */
  readsOf(to: DescMessage, from: DescMessage, depth = 0): readonly FieldRead[] {
    if (to.typeName === from.typeName || depth > MAX_DEPTH) return [{ path: [], how: "all" }];
    const rules = new Map(this.#messages.get(to.typeName)?.fields.map((field) => [field.desc.name, field]));
    return to.fields.flatMap((field): readonly FieldRead[] => {
      const rule = rules.get(field.name);
      if (rule?.by !== undefined) return fieldReads(expression(rule.by.value)).get("source") ?? [];
      const source = from.fields.find(({ name }) => name === (rule?.alias?.value ?? field.name));
      if (source === undefined) return [];
      const inside: readonly FieldRead[] =
        field.message && source.message
          ? this.readsOf(field.message, source.message, depth + 1)
          : [{ path: [], how: "all" }];
      return inside.map((read) => ({ ...read, path: [source.name, ...read.path] }));
    });
  }
  /** `by` and `fallback` of a field of a copy. */
  #compute(from: ReflectMessage, target: ReflectMessage, { desc, by, fallback }: IrField): void {
    if (by !== undefined) {
      const [root, ...path] = expression(by.value).path ?? [];
      const unset = root === "source" && walk(from, path).unset;
      if (!(unset && canBeAbsent(desc))) this.#setBy(target, desc, by.value, { source: from });
    }
    if (fallback !== undefined && !target.isSet(desc)) this.#setBy(target, desc, fallback.value, {});
  }
  #setBy(target: ReflectMessage, field: DescField, text: string, values: Record<string, CelInput>): void {
    const evaluator = new Evaluator(this.#ir.registry, field.parent.file.proto.package, [], [...this.#enums.values()]);
    const of = evaluator.enumOf(expression(text).root, values, () => undefined);
    this.set(target, field, evaluator.value(text, values), of);
  }
  /** Writes a field back to an upstream message: through a path, with the fallback of an unset value. */
  #writeBack(from: ReflectMessage, target: ReflectMessage, { desc, by, alias, fallback }: IrField): void {
    if (by === undefined && fallback === undefined) return;
    const [, ...path] = by === undefined ? ["source", alias?.value ?? desc.name] : (expression(by.value).path ?? []);
    if (fallback !== undefined && !from.isSet(desc)) {
      const filled = reflect(from.desc);
      this.#setBy(filled, desc, fallback.value, {});
      this.#place(target, path, desc, filled);
    } else if (!hasPresence(desc) || from.isSet(desc)) this.#place(target, path, desc, from);
  }
  #place(target: ReflectMessage, path: readonly string[], source: DescField, from: ReflectMessage): void {
    const [name, ...rest] = path;
    const field = target.desc.fields.find((candidate) => candidate.name === name);
    if (field === undefined) throw new Error(`no field ${name} in ${target.desc.typeName}`);
    if (rest.length === 0) this.#put(target, field, source, from);
    else if (field.fieldKind === "message") {
      const child = target.get(field);
      this.#place(child, rest, source, from);
      target.set(field, child);
    }
  }
  /** The same of what is composed in place of a declared response: fields by name alone. */
  declared(from: ReflectMessage, to: DescMessage): ReflectMessage {
    return this.#pruned(from, to, ({ name }) => from.desc.fields.find((field) => field.name === name));
  }
  #pruned(
    from: ReflectMessage,
    to: DescMessage,
    counterpart: (field: DescField) => DescField | undefined,
  ): ReflectMessage {
    const target = reflect(to);
    for (const field of to.fields) {
      const source = counterpart(field);
      if (source === undefined) continue;
      // An unset field stays unset; if the copy cannot be unset, it has the source's default.
      const unset = hasPresence(source) && !from.isSet(source);
      if (unset && (canBeAbsent(field) || source.message !== undefined)) continue;
      this.#put(target, field, source, from);
    }
    return target;
  }
  /** Copies one field of a composed message, if it is set, to a field of an alias. */
  copied(from: ReflectMessage, source: DescField, target: ReflectMessage, { desc, fallback }: IrField): void {
    const unset = hasPresence(source) && !from.isSet(source);
    if (!unset || (!canBeAbsent(desc) && source.message === undefined)) this.#put(target, desc, source, from);
    if (fallback !== undefined && !target.isSet(desc)) this.#setBy(target, desc, fallback.value, {});
  }
  #put(target: ReflectMessage, field: DescField, source: DescField, from: ReflectMessage): void {
    const value = from.get(source);
    if (isReflectList(value) && field.fieldKind === "list") {
      for (const item of value) target.get(field).add(this.#copy(field, source, item));
    } else if (isReflectMap(value) && field.fieldKind === "map") {
      for (const [key, item] of value) target.get(field).set(key, this.#copy(field, source, item));
    } else {
      target.set(field, this.#copy(field, source, value));
    }
  }

  #counterpart(from: DescMessage, field: DescField): DescField | undefined {
    const rule = this.#messages.get(field.parent.typeName);
    if (rule?.alias !== undefined) {
      const irField = rule.fields.find((f) => f.desc.number === field.number);
      const name = irField?.alias?.value ?? field.name;
      return irField?.by === undefined ? from.fields.find((f) => f.name === name) : undefined;
    }
    // Towards upstreams: the source message carries the aliases.
    const reverse = this.#messages.get(from.typeName);
    const named = reverse?.fields.find((f) => f.by === undefined && (f.alias?.value ?? f.desc.name) === field.name);
    const computed = new Set(reverse?.fields.flatMap((f) => (f.by === undefined ? [] : [f.desc])));
    return named?.desc ?? from.fields.find((f) => f.name === field.name && !computed.has(f));
  }

  #copy(to: DescField, from: DescField, value: unknown): unknown {
    if (to.enum !== undefined && from.enum !== undefined) return this.#enum(Number(value), from.enum, to.enum);
    if (to.message !== undefined && isReflectMessage(value)) {
      return value.desc.typeName === to.message.typeName ? value : this.alias(value, to.message);
    }
    return value;
  }

  #enum(number: number, from: DescEnum | undefined, to: DescEnum): number {
    return enumAcross(this.#enums, number, from, to);
  }

  /** Reports whether a value of message type `from` can fill a field of message type `to`. */
  fits(from: string, to: string): boolean {
    return from === to || this.#aliases(to).includes(from) || this.#aliases(from)[0] === to;
  }

  #aliases(name: string): string[] {
    const message = this.#messages.get(name);
    return message?.alias === undefined ? [] : [message.alias, ...message.otherAliases].map((alias) => alias.value);
  }

  enumFits(from: string, to: string): boolean {
    const names = (name: string) => this.#enums.get(name)?.alias.map((alias) => alias.value) ?? [];
    return from === to || names(to).includes(from) || names(from).includes(to);
  }
}

function isJsonValue(field: DescField): boolean {
  return field.fieldKind === "message" && field.message.typeName === "google.protobuf.Value";
}

export function items(value: CelInput): Iterable<CelInput> {
  if (isCelList(value)) return value;
  if (Array.isArray(value)) return value;
  throw new Invalid("not a list");
}

function entries(value: CelInput): Iterable<[CelInput, CelInput]> {
  if (isCelMap(value)) return value.entries();
  throw new Invalid("not a map");
}

function integer(value: CelInput): bigint {
  if (typeof value === "bigint") return value;
  if (isCelUint(value)) return value.value;
  throw new Invalid("not an integer");
}

function inRange(value: bigint, low: bigint, high: bigint): bigint {
  if (value < low || value > high) throw new Invalid(`${value} is out of range`);
  return value;
}

const TWO_31 = 1n << 31n;
const TWO_63 = 1n << 63n;

function scalar(type: ScalarType, value: CelInput): string | bigint | number | boolean | Uint8Array {
  switch (type) {
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return Number(inRange(integer(value), -TWO_31, TWO_31 - 1n));
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return Number(inRange(integer(value), 0n, 2n * TWO_31 - 1n));
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return inRange(integer(value), -TWO_63, TWO_63 - 1n);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return inRange(integer(value), 0n, 2n * TWO_63 - 1n);
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT: {
      const number = typeof value === "number" ? value : Number(integer(value));
      return type === ScalarType.FLOAT ? Math.fround(number) : number;
    }
    case ScalarType.BOOL:
      if (typeof value !== "boolean") throw new Invalid("not a bool");
      return value;
    case ScalarType.STRING:
      if (typeof value !== "string") throw new Invalid("not a string");
      return value;
    case ScalarType.BYTES:
      if (!(value instanceof Uint8Array)) throw new Invalid("not bytes");
      return value;
  }
}

function mapKey(type: ScalarType, key: CelInput): unknown {
  return scalar(type, key);
}

/** Struct, Value and ListValue from CEL's maps, lists and scalars; undefined for other types. */
function jsonMessage(to: DescMessage, value: CelInput): ReflectMessage | undefined {
  if (to.typeName === "google.protobuf.Value") return jsonValue(to, value);
  const [field] = to.fields;
  if (to.typeName === "google.protobuf.ListValue" && field?.fieldKind === "list" && field.message !== undefined) {
    const made = reflect(to);
    for (const item of items(value)) made.get(field).add(jsonValue(field.message, item));
    return made;
  }
  if (to.typeName === "google.protobuf.Struct" && field?.fieldKind === "map" && field.message !== undefined) {
    const made = reflect(to);
    for (const [key, item] of entries(value)) {
      if (typeof key !== "string") throw new Invalid("not a string key");
      made.get(field).set(key, jsonValue(field.message, item));
    }
    return made;
  }
  return undefined;
}

function jsonValue(to: DescMessage, value: CelInput): ReflectMessage {
  const made = reflect(to, create(to));
  const set = (name: string, content: unknown) => {
    const field = to.fields.find((f) => f.name === name);
    if (field === undefined) throw new Error(`no ${name} in ${to.typeName}`);
    made.set(field, field.message === undefined ? content : jsonMessage(field.message, content as CelInput));
  };
  if (isReflectMessage(value)) return value;
  if (value === null) set("null_value", 0);
  else if (typeof value === "boolean") set("bool_value", value);
  else if (typeof value === "string") set("string_value", value);
  else if (typeof value === "number" || typeof value === "bigint" || isCelUint(value)) {
    set("number_value", typeof value === "number" ? value : Number(integer(value)));
  } else if (isCelMap(value)) set("struct_value", value);
  else set("list_value", value);
  return made;
}

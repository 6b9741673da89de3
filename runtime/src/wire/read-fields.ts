// Reads messages of any type by their descriptor, with the decisions of Go's protobuf. Generated codecs leave unusual
// messages to it: groups, closed enums, fields that occur twice. A field in another wire type is an unknown field.
import {
  create,
  type DescEnum,
  type DescField,
  type DescMessage,
  ScalarType,
  type UnknownField,
} from "@bufbuild/protobuf";
import { isWrapperDesc, type Struct } from "@bufbuild/protobuf/wkt";
import { FALLBACK } from "./fallback.ts";
import { setOwn } from "./record.ts";
import { jsonOfStruct } from "./struct-json.ts";
import { GROUP, GROUP_END, LENGTH, VARINT, wireTypeOf } from "./wire-types.ts";

/** The part of `Reader` that reads content behind tags. */
interface FieldReader {
  readonly at: number;
  more(): boolean;
  tag(): number;
  enter(): number;
  leave(outer: number): void;
  open(): number;
  close(outer: number): void;
  deeper(): void;
  higher(): void;
  unknown(tag: number, schema: undefined, kept: UnknownField[] | undefined): UnknownField[];
  since(from: number): Uint8Array;
  uint32(): number;
  int32(): number;
  sint32(): number;
  fixed32(): number;
  sfixed32(): number;
  uint64(): bigint;
  int64(): bigint;
  sint64(): bigint;
  fixed64(): bigint;
  sfixed64(): bigint;
  float(): number;
  double(): number;
  bool(): boolean;
  bytes(): Uint8Array;
  string(): string;
  looseString(): string;
}
/** Fields of a message of protobuf-es, by local name. */
type Fields = Record<string, unknown> & { $unknown?: UnknownField[] };
/** Reads one occurrence of a field behind its tag. */
type Read = (r: FieldReader, message: Fields) => void;

const known = new WeakMap<DescMessage, ReadonlyMap<number, Read>>();

/** Reads the fields that are left into a message, merging those that occur again. */
export function readFields(r: FieldReader, schema: DescMessage, message: object): void {
  const reads = readsOf(schema);
  while (r.more()) readField(r, r.tag(), reads, message as Fields);
}
function readGroup(r: FieldReader, schema: DescMessage, message: object, no: number): void {
  const reads = readsOf(schema);
  r.deeper();
  for (;;) {
    if (!r.more()) throw FALLBACK;
    const tag = r.tag();
    if (tag === no * 8 + GROUP_END) break;
    readField(r, tag, reads, message as Fields);
  }
  r.higher();
}
function readField(r: FieldReader, tag: number, reads: ReadonlyMap<number, Read>, message: Fields): void {
  const read = reads.get(tag);
  if (read !== undefined) read(r, message);
  else message.$unknown = r.unknown(tag, undefined, message.$unknown);
}

function readsOf(schema: DescMessage): ReadonlyMap<number, Read> {
  let reads = known.get(schema);
  if (reads === undefined) {
    const its = new Map<number, Read>();
    known.set(schema, its); // first, since types may be recursive
    for (const field of schema.fields)
      for (const [wireType, read] of readsOfField(field)) its.set(field.number * 8 + wireType, read);
    reads = its;
  }
  return reads;
}

function readsOfField(field: DescField): readonly (readonly [wireType: number, read: Read])[] {
  switch (field.fieldKind) {
    case "map":
      return [[LENGTH, entryOf(field)]];
    case "list":
      return itemsOf(field);
    case "message":
      return [[field.delimitedEncoding ? GROUP : LENGTH, singularMessage(field)]];
    case "enum":
      return [[VARINT, singularEnum(field)]];
    case "scalar": {
      const scalar = scalarOf(field.scalar, field.utf8Validation, field.longAsString);
      const put = putOf(field);
      return [[wireTypeOf(field.scalar), (r, message) => put(message, scalar(r))]];
    }
  }
}

/** Returns a function that sets a field, or the case of its oneof. */
function putOf({ localName, oneof }: DescField): (message: Fields, value: unknown) => void {
  if (oneof === undefined)
    return (message, value) => {
      message[localName] = value;
    };
  return (message, value) => {
    message[oneof.localName] = { case: localName, value };
  };
}

// ---- messages ----

/** Returns a function that reads a message behind its tag. */
function messageOf(field: DescField & { message: DescMessage }): (r: FieldReader, into: object) => void {
  const { message: desc, number } = field;
  if ("delimitedEncoding" in field && field.delimitedEncoding) return (r, into) => readGroup(r, desc, into, number);
  return (r, into) => {
    const outer = r.enter();
    readFields(r, desc, into);
    r.leave(outer);
  };
}

function singularMessage(field: DescField & { fieldKind: "message" }): Read {
  const { message: desc, localName, oneof } = field;
  const read = messageOf(field);
  const local = localOf(field);
  if (oneof !== undefined)
    return (r, message) => {
      const set = message[oneof.localName] as { readonly case: string | undefined; readonly value?: unknown };
      const into = local.of(set.case === localName ? set.value : undefined, desc);
      read(r, into);
      message[oneof.localName] = { case: localName, value: local.from(into) };
    };
  return (r, message) => {
    const into = local.of(message[localName], desc);
    read(r, into);
    message[localName] = local.from(into);
  };
}

/** Conversions between a message and the form that protobuf-es gives it in a field. */
interface Local {
  readonly of: (value: unknown, desc: DescMessage) => object;
  readonly from: (message: object) => unknown;
}
const SAME: Local = { of: (value, desc) => (value as object | undefined) ?? create(desc), from: (message) => message };
const WRAPPED: Local = {
  of: (value, desc) => (value === undefined ? create(desc) : Object.assign(create(desc), { value })),
  from: (message) => (message as { readonly value: unknown }).value,
};
/** A Struct is JSON. A further occurrence sets its members in the first one. */
const JSON_OBJECT: Local = {
  of: (value, desc) => Object.assign(create(desc), { [BEFORE]: value }),
  from: (message) => {
    const json = ((message as { [BEFORE]?: object })[BEFORE] ?? {}) as Record<string, unknown>;
    for (const [key, value] of Object.entries(jsonOfStruct(message as Struct))) setOwn(json, key, value);
    return json;
  },
};
const BEFORE = Symbol("before");

function localOf(field: DescField): Local {
  if (field.message?.typeName === "google.protobuf.Struct" && field.parent.typeName !== "google.protobuf.Value")
    return JSON_OBJECT;
  if (field.fieldKind === "message" && field.oneof === undefined && isWrapperDesc(field.message)) return WRAPPED;
  return SAME;
}

// ---- enums ----

function isUnknown({ open, value }: DescEnum, number: number): boolean {
  return !open && value[number] === undefined;
}
/** An unknown value of a closed enum is an unknown field. */
function singularEnum(field: DescField & { fieldKind: "enum" }): Read {
  const put = putOf(field);
  return (r, message) => {
    const from = r.at;
    const value = r.int32();
    if (isUnknown(field.enum, value)) keep(message, { no: field.number, wireType: VARINT, data: r.since(from) });
    else put(message, value);
  };
}
function keep(message: Fields, field: UnknownField): void {
  message.$unknown ??= [];
  message.$unknown.push(field);
}

// ---- lists and maps ----

function itemsOf(field: DescField & { fieldKind: "list" }): readonly (readonly [number, Read])[] {
  const item = itemOf(field);
  if (field.listKind === "message") return [[field.delimitedEncoding ? GROUP : LENGTH, item]];
  const wireType = field.listKind === "enum" ? VARINT : wireTypeOf(field.scalar);
  if (wireType === LENGTH) return [[LENGTH, item]];
  const packed: Read = (r, message) => {
    const outer = r.open();
    while (r.more()) item(r, message);
    r.close(outer);
  };
  return [
    [wireType, item],
    [LENGTH, packed],
  ];
}
function itemOf(field: DescField & { fieldKind: "list" }): Read {
  const { localName, number } = field;
  const push = (message: Fields, value: unknown): void => void (message[localName] as unknown[]).push(value);
  switch (field.listKind) {
    case "message": {
      const read = messageOf(field);
      const local = localOf(field);
      return (r, message) => {
        const into = local.of(undefined, field.message);
        read(r, into);
        push(message, local.from(into));
      };
    }
    case "enum":
      return (r, message) => {
        const from = r.at;
        const value = r.int32();
        if (isUnknown(field.enum, value)) keep(message, { no: number, wireType: VARINT, data: r.since(from) });
        else push(message, value);
      };
    case "scalar": {
      const scalar = scalarOf(field.scalar, field.utf8Validation, field.longAsString);
      return (r, message) => push(message, scalar(r));
    }
  }
}

type MapField = DescField & { fieldKind: "map" };

/** An entry has a key and a value, and skips what else is in it. */
function entryOf(field: MapField): Read {
  const { localName, number } = field;
  const key = scalarOf(field.mapKey, field.utf8Validation, false);
  const keyTag = 8 + wireTypeOf(field.mapKey);
  const { tag: valueTag, read, zero, isKept } = entryValue(field);
  return (r, message) => {
    const from = r.at;
    const outer = r.open();
    let itsKey: unknown;
    let value: unknown;
    while (r.more()) {
      const tag = r.tag();
      if (tag === keyTag) itsKey = key(r);
      else if (tag === valueTag) value = read(r, value);
      else r.unknown(tag, undefined, undefined);
    }
    r.close(outer);
    value ??= zero();
    if (isKept(value)) setOwn(message[localName] as object, String(itsKey ?? KEY_ZERO[field.mapKey] ?? 0), value);
    else keep(message, { no: number, wireType: LENGTH, data: r.since(from) });
  };
}
const KEY_ZERO: Partial<Record<ScalarType, unknown>> = { [ScalarType.STRING]: "", [ScalarType.BOOL]: false };

interface MapValue {
  readonly tag: number;
  /** @param before the value that the entry had before; messages are merged */
  readonly read: (r: FieldReader, before: unknown) => unknown;
  readonly zero: () => unknown;
  readonly isKept: (value: unknown) => boolean;
}
const always = (): boolean => true;

function entryValue(field: MapField): MapValue {
  switch (field.mapKind) {
    case "message": {
      const { message: desc } = field;
      const read = messageOf(field);
      const local = localOf(field);
      const merge = (r: FieldReader, before: unknown): unknown => {
        const into = local.of(before, desc);
        read(r, into);
        return local.from(into);
      };
      return { tag: 16 + LENGTH, read: merge, zero: () => local.from(local.of(undefined, desc)), isKept: always };
    }
    case "enum": {
      const zero = field.enum.values[0]?.number ?? 0;
      const isKept = (value: unknown): boolean => !isUnknown(field.enum, value as number);
      return { tag: 16 + VARINT, read: (r) => r.int32(), zero: () => zero, isKept };
    }
    case "scalar": {
      const read = scalarOf(field.scalar, field.utf8Validation, false);
      const zero = (): unknown => zeroOf(field.scalar);
      return { tag: 16 + wireTypeOf(field.scalar), read, zero, isKept: always };
    }
  }
}

// ---- scalars ----

function zeroOf(scalar: ScalarType): unknown {
  switch (scalar) {
    case ScalarType.STRING:
      return "";
    case ScalarType.BYTES:
      return new Uint8Array();
    case ScalarType.BOOL:
      return false;
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return 0n;
    default:
      return 0;
  }
}

function scalarOf(scalar: ScalarType, isChecked: boolean, isText: boolean): (r: FieldReader) => unknown {
  if (scalar === ScalarType.STRING) return isChecked ? (r) => r.string() : (r) => r.looseString();
  const read = SCALARS[scalar];
  return isText ? (r) => String(read(r)) : read;
}
const SCALARS: Readonly<Record<Exclude<ScalarType, ScalarType.STRING>, (r: FieldReader) => unknown>> = {
  [ScalarType.DOUBLE]: (r) => r.double(),
  [ScalarType.FLOAT]: (r) => r.float(),
  [ScalarType.INT64]: (r) => r.int64(),
  [ScalarType.UINT64]: (r) => r.uint64(),
  [ScalarType.INT32]: (r) => r.int32(),
  [ScalarType.FIXED64]: (r) => r.fixed64(),
  [ScalarType.FIXED32]: (r) => r.fixed32(),
  [ScalarType.BOOL]: (r) => r.bool(),
  [ScalarType.BYTES]: (r) => r.bytes(),
  [ScalarType.UINT32]: (r) => r.uint32(),
  [ScalarType.SFIXED32]: (r) => r.sfixed32(),
  [ScalarType.SFIXED64]: (r) => r.sfixed64(),
  [ScalarType.SINT32]: (r) => r.sint32(),
  [ScalarType.SINT64]: (r) => r.sint64(),
};

import type { Printable } from "@bufbuild/protoplugin";
import { BIG, type Form, mayBeNull as holdsNull, PLAIN, protoForm } from "../../types/forms/form.ts";
import { INT32 } from "../../types/forms/range.ts";
import { isSureTime } from "../../types/literals/time-literal.ts";
import { fieldType, inheritedUnset, presenceOf } from "../../types/model/field-type.ts";
import type { Node } from "../../types/model/type.ts";
import type { Emitter } from "../emitter/emitter.ts";
import { isOpen } from "../optionals/optional.ts";
import { coerce, packed } from "../pieces/coerce.ts";
import { zero } from "../pieces/constant.ts";
import {
  atom,
  binary,
  commas,
  isNothing,
  LEVEL,
  type Names,
  type Piece,
  piece,
  runtime,
  types,
} from "../pieces/piece.ts";
import { entryShape } from "../pieces/shape.ts";
import { emitElements, emitOptional } from "./elements.ts";

type Message = Node & { readonly kind: "message" };
type Field = Message["fields"][number];

/** A message literal. */
export function emitMessage(emitter: Emitter, node: Message): Piece {
  const known = emitWellKnown(emitter, node) ?? emitTime(emitter, node);
  if (known !== undefined) return known;
  const create = [emitter.names.runtime("create"), "(", emitter.names.schema(node.desc)];
  const exact = inheritedUnset(node.desc, new Set()).some((unset) => unset.exact);
  const fields = node.fields.flatMap((entry) => emitField(emitter, entry, exact));
  if (fields.length === 0) return atom(...create, ")");
  const named = new Set(fields.map(({ sure }) => sure).filter((name) => name !== undefined));
  const unset = inheritedUnset(node.desc, named).map(({ name }) => atom(`${name}: undefined`));
  const literal = ["{ ", ...commas([...unset, ...fields.map(({ property }) => property)]), " }"];
  return atom(...create, ", ", ...(exact ? [emitter.names.runtime("defined"), "(", ...literal, ")"] : literal), ")");
}

interface Property {
  readonly property: Piece;
  /** Its name, unless it is one that may be left out. */
  readonly sure: string | undefined;
}

/** @param inferred true inside of a generic call, in which the name of a oneof's member would widen to any string */
function emitField(emitter: Emitter, entry: Field, inferred = false): Property[] {
  const { field, value } = entry;
  const { type, proto } = fieldType(field);
  const form = protoForm(proto);
  // Null leaves a field unset, but for the null of JSON.
  const json = form.kind === "json" && !form.list;
  if (value.type.kind === "null" && !json) return [];
  const wrapper = type.kind === "wrapper" && form.kind !== "boxed";
  const printed = entry.optional ? emitOptional(emitter, value, proto, wrapper) : fieldValue(emitter, entry, form);
  if (isNothing(printed)) return [];
  const property = (of: string, ...print: Piece["print"]): Property[] => [
    { property: atom(`${of}: `, ...print), sure: of },
  ];
  const name = atom(JSON.stringify(field.localName));
  if (field.oneof === undefined) {
    // A field without presence takes no `undefined`.
    if (!printed.maybe || presenceOf(field) === "optional") return property(field.localName, ...printed.print);
    return [
      { property: atom("...", ...runtime(emitter.names, "optionalField", [name, printed]).print), sure: undefined },
    ];
  }
  const { localName } = field.oneof;
  if (!printed.maybe && !printed.nullable)
    return property(
      localName,
      "{ case: ",
      ...name.print,
      `${inferred ? " as const" : ""}, value: `,
      ...printed.print,
      " }",
    );
  return property(localName, ...runtime(emitter.names, "memberOf", [name, printed]).print);
}

/** The value of a field in a message literal. */
function fieldValue(emitter: Emitter, { field, value }: Field, form: Form): Piece {
  const { type, proto } = fieldType(field);
  if (type.kind === "wrapper" && form.kind !== "boxed") return emitter.unset(value, form);
  // The type is known, so that no look-up is needed.
  if (form.kind === "any" && value.type.kind === "message" && !emitter.raw(value).nullable)
    return packed(emitter.value(value), value.type.desc, emitter.names);
  // An Any or a Value is passed on as it is.
  if ((form.kind === "any" || form.kind === "json") && value.kind === "select" && !value.optional) {
    const raw = emitter.raw(value);
    if (raw.form.kind === form.kind) return raw;
  }
  if (form.kind === "any" && holdsNull(value.type)) {
    const any = runtime(emitter.names, "anyUnlessNull", [emitter.as(value, PLAIN), types(emitter.names)], form);
    return { ...any, maybe: true };
  }
  const printed = emitElements(emitter, value, proto);
  return printed.nullable && !printed.maybe && form.kind !== "boxed"
    ? binary(printed, "??", atom("undefined"), LEVEL.nullish)
    : printed;
}

/**
 * Prints a timestamp or a duration whose parts need a check and normalization: at most 999,999,999 nanoseconds, of the
 * same sign.
 */
function emitTime(emitter: Emitter, node: Message): Piece | undefined {
  const { typeName } = node.desc;
  if (isSureTime(typeName, node.fields)) return undefined;
  const part = (name: string, form: Form, none: string): Piece => {
    const entry = node.fields.find(({ field }) => field.name === name);
    if (entry === undefined) return atom(none);
    if (entry.value.type.kind === "null") return atom(none);
    if (!entry.optional) return emitter.as(entry.value, form);
    return binary(emitter.inner(entry.value, form), "??", atom(none), LEVEL.nullish, form);
  };
  const parts = [part("seconds", BIG, "0n"), part("nanos", { kind: "small", ...INT32 }, "0")];
  return runtime(emitter.names, typeName.endsWith("Timestamp") ? "timestampFrom" : "durationFrom", parts);
}

/** A literal of a message that is a plain value to CEL (CEL spec, "Protocol Buffer Data Conversion"). */
function emitWellKnown(emitter: Emitter, node: Message): Piece | undefined {
  const { names } = emitter;
  const [only] = node.fields;
  switch (node.desc.typeName) {
    case "google.protobuf.Struct":
      if (only === undefined) return atom("{}");
      return runtime(names, "toJsonObject", [jsonValue(emitter, only)]);
    case "google.protobuf.Value":
      if (only === undefined || only.field.enum !== undefined) return atom("null");
      return runtime(names, "toJsonValue", [jsonValue(emitter, only)]);
    case "google.protobuf.ListValue":
      if (only === undefined) return piece(["[]"], { kind: "list", of: PLAIN });
      return { ...runtime(names, "toJsonList", [jsonValue(emitter, only)]), form: { kind: "list", of: PLAIN } };
    case "google.protobuf.Any": {
      const fields = node.fields.flatMap((entry) => emitField(emitter, entry)).map(({ property }) => property);
      const any = atom(names.runtime("create"), "(", names.schema(node.desc), ", { ", ...commas(fields), " })");
      return runtime(names, "fromAny", [any, types(names)]);
    }
  }
  if (node.type.kind !== "wrapper") return undefined;
  const [field] = node.desc.fields;
  if (field === undefined) return undefined;
  const { proto } = fieldType(field);
  if (only === undefined) return piece(zero(names, field), protoForm(proto));
  return only.optional
    ? binary(
        emitter.inner(only.value, protoForm(proto)),
        "??",
        atom(...zero(names, field)),
        LEVEL.nullish,
        protoForm(proto),
      )
    : emitter.as(only.value, protoForm(proto));
}

function jsonValue(emitter: Emitter, { value, optional }: Field): Piece {
  return optional ? runtime(emitter.names, "orNull", [emitter.inner(value, PLAIN)]) : emitter.as(value, PLAIN);
}

/** A map literal as CEL has maps: a `Map`. */
export function emitMap(emitter: Emitter, node: Node & { kind: "map" }, form: Form & { kind: "map" }): Piece {
  const { names } = emitter;
  if (node.entries.length === 0) return piece(["new Map<", ...commas(mapTypes(node, form, names)), ">()"], form);
  const entries = node.entries.map(([key, value, optional]) => {
    const name = keyOf(emitter, key, form.key);
    if (!optional) return atom("[", ...name.print, ", ", ...emitter.as(value, form.of).print, "]");
    const inner = emitter.inner(value, form.of);
    const types: Printable[] =
      isNothing(inner) || isOpen(value) ? ["<", ...commas(mapTypes(node, form, names)), ">"] : [];
    return atom("...", names.runtime("optionalEntry"), ...types, "(", ...commas([name, inner]), ")");
  });
  const open = node.type.kind === "map" && node.type.key.kind === "param";
  if (!open && node.entries.some(([key]) => key.type.kind === "dyn")) {
    const value = varies(node) ? ["<", ...commas(mapTypes(node, form, names).slice(1)), ">"] : [];
    return piece([names.runtime("mapOfAny"), ...value, "(", ...commas(entries), ")"], form);
  }
  // TypeScript would take the type of the first entry for that of all.
  const typed = varies(node) ? ["<", ...commas(mapTypes(node, form, names)), ">"] : [];
  const sure = node.entries.every(([key]) => key.kind === "constant");
  const distinct = new Set(node.entries.map(([key]) => String(keyOf(emitter, key, form.key).print))).size;
  return node.entries.length > 1 && (!sure || distinct < entries.length)
    ? piece([names.runtime("mapOf"), ...typed, "(", ...commas(entries), ")"], form)
    : piece(["new Map", ...typed, "([", ...commas(entries), "])"], form);
}

function mapTypes({ type }: Node, form: Form & { kind: "map" }, names: Names): readonly Piece[] {
  if (type.kind !== "map") return [];
  return entryShape(type, form, names).map((shape) => atom(...shape));
}

/** Returns true if entries may have several types: keys of different types, or values of any type or null. */
function varies({ type, entries }: Node & { kind: "map" }): boolean {
  if (type.kind !== "map") return false;
  const keys = new Set(entries.map(([key]) => (key.type.kind === "uint" ? "int" : key.type.kind)));
  return keys.size > 1 || (entries.length > 1 && !SIMPLE.has(type.value.kind)) || type.value.kind === "dyn";
}

const SIMPLE: ReadonlySet<string> = new Set(["bool", "int", "uint", "double", "string", "bytes"]);

function keyOf(emitter: Emitter, key: Node, form: Form): Piece {
  if (key.type.kind === "int" || key.type.kind === "uint") {
    return form.kind === "small" ? emitter.as(key, form) : emitter.key(key);
  }
  return coerce(emitter.value(key), PLAIN, emitter.names);
}

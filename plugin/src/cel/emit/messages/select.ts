import { entryForm, formOf, PLAIN } from "../../types/forms/form.ts";
import { isError } from "../../types/model/error-type.ts";
import { fieldType, presenceOf } from "../../types/model/field-type.ts";
import type { Node } from "../../types/model/type.ts";
import type { Emitter } from "../emitter/emitter.ts";
import { emitMember } from "../optionals/error-member.ts";
import { emitOptionalTest } from "../optionals/optional.ts";
import { coerce, unbox } from "../pieces/coerce.ts";
import { zero } from "../pieces/constant.ts";
import { atom, binary, LEVEL, method, operand, type Piece, piece, runtime, types } from "../pieces/piece.ts";

/** Prints the value of a field or of a key. An unset field reads as its default. */
export function emitSelect(emitter: Emitter, node: Node & { kind: "select" }): Piece {
  const { field } = node;
  if (typeof field === "string") {
    const of = emitter.value(node.of);
    if (isError(node.of.type)) return emitMember(of, node);
    const form = formOf(node.type, node.proto);
    const name = atom(JSON.stringify(field));
    if (node.of.type.kind === "dyn" || (of.form.kind !== "map" && of.form.kind !== "record")) {
      return runtime(
        emitter.names,
        "select",
        [coerce(of, PLAIN, emitter.names), name, ...registryOf(emitter, node.of)],
        PLAIN,
      );
    }
    return unbox(runtime(emitter.names, "entry", [of, name], entryForm(of.form) ?? form), emitter.names);
  }
  const raw = emitter.raw(node);
  const read = emitter.strict && raw.maybe ? emitter.present(raw) : raw;
  if (!read.maybe || read.form.kind === "json" || read.form.kind === "any") return unbox(read, emitter.names);
  const fallback = atom(...zero(emitter.names, field));
  const value = unbox({ ...binary(read, "??", fallback, LEVEL.nullish), form: read.form }, emitter.names);
  return read.form.kind === "boxed"
    ? piece(
        [...operand(binary({ ...read, print: [...read.print, "?.value"] }, "??", atom("null"), LEVEL.nullish), 0)],
        { kind: "nullable", of: read.form.of },
        LEVEL.nullish,
      )
    : value;
}

/** `has(x.field)`. */
export function emitTest(emitter: Emitter, node: Node & { kind: "select" }): Piece {
  const { field, of } = node;
  if (node.optional) return emitOptionalTest(emitter, node);
  if (typeof field === "string") {
    const name = atom(JSON.stringify(field));
    const container = emitter.value(of);
    if (container.form.kind === "record") return atom("Object.hasOwn(", ...container.print, ", ", ...name.print, ")");
    // TypeScript infers that the map of an empty literal has no keys.
    const empty = of.type.kind === "map" && of.type.key.kind === "param";
    if (container.form.kind === "map")
      return empty ? runtime(emitter.names, "hasKey", [container, name]) : method(container, "has", [name]);
    return runtime(emitter.names, "hasField", [
      coerce(container, PLAIN, emitter.names),
      name,
      ...registryOf(emitter, of),
    ]);
  }
  const value = fieldType(field);
  const read = emitter.raw({ ...node, test: false, type: value.type, proto: value.proto }, true);
  switch (presenceOf(field)) {
    case "optional":
      return binary(read, "!==", atom("undefined"), LEVEL.equality);
    case "oneof": {
      const base = emitter.raw(of, true);
      const print = [...operand(base, LEVEL.atom), base.maybe ? "?." : ".", `${field.oneof?.localName}.case`];
      return binary(atom(...print), "===", atom(JSON.stringify(field.localName)), LEVEL.equality);
    }
    case "default": {
      const base = emitter.value(of);
      const schema = [emitter.names.schema(field.parent), `.field.${field.localName}`];
      return runtime(emitter.names, "isFieldSet", [base, atom(...schema)]);
    }
    case "implicit": {
      const plain: Piece = read.maybe ? binary(read, "??", atom(...zero(emitter.names, field)), LEVEL.nullish) : read;
      if (value.type.kind === "bool") return plain;
      if (value.type.kind === "map") {
        const keys = atom("Object.keys(", ...plain.print, ").length");
        return binary(keys, ">", atom("0"), LEVEL.relational);
      }
      if (value.type.kind === "list" || value.type.kind === "bytes") {
        return binary(atom(...operand(plain, LEVEL.atom), ".length"), ">", atom("0"), LEVEL.relational);
      }
      return binary(plain, "!==", atom(...zero(emitter.names, field)), LEVEL.equality);
    }
  }
}

/** Returns the registry for a lookup by field name, if the value may be a message. */
function registryOf(emitter: Emitter, of: Node): readonly Piece[] {
  const maps = of.type.kind === "map" || emitter.names.registry === undefined;
  return maps ? [] : [types(emitter.names)];
}

/** Prints a field that an extension of proto2 adds. */
export function emitExtension(emitter: Emitter, node: Node & { kind: "extension" }): Piece {
  const { names } = emitter;
  const schema = names.extension?.(node.extension);
  if (schema === undefined) throw new Error("extensions are printed for conformance tests only");
  const args = [emitter.value(node.of), atom(schema)];
  if (node.test) return runtime(names, "hasExtension", args);
  return unbox(runtime(names, "getExtension", args, formOf(node.type, node.proto)), names);
}

import { zero } from "./emit-constant.ts";
import type { Emitter } from "./emitter.ts";
import type { Node } from "./expression.ts";
import { fieldType, presenceOf } from "./field-type.ts";
import { formOf, PLAIN } from "./form.ts";
import { atom, binary, entryForm, LEVEL, operand, type Piece, piece, runtime, unbox } from "./piece.ts";

/** The value of a field or of a key: what is unset reads as its default. */
export function emitSelect(emitter: Emitter, node: Node & { kind: "select" }): Piece {
  const { field } = node;
  if (typeof field === "string") {
    const of = emitter.value(node.of);
    const form = formOf(node.type, node.proto);
    const name = atom(JSON.stringify(field));
    if (node.of.type.kind === "dyn" || of.form.kind === "plain") {
      return runtime(emitter.names, "select", [of, name], PLAIN);
    }
    return unbox(runtime(emitter.names, "entry", [of, name], entryForm(of.form) ?? form), emitter.names);
  }
  const read = emitter.raw(node);
  if (!read.maybe) return unbox(read, emitter.names);
  if (read.form.kind === "json") return unbox(read, emitter.names);
  const fallback = atom(...zero(emitter.names, field));
  const value = { ...binary(read, "??", fallback, LEVEL.nullish), form: read.form };
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
  if (typeof field === "string") {
    const name = atom(JSON.stringify(field));
    const container = emitter.value(of);
    return runtime(emitter.names, of.type.kind === "dyn" ? "hasField" : "hasKey", [container, name]);
  }
  const value = fieldType(field);
  const read = emitter.raw({ ...node, test: false, type: value.type, proto: value.proto });
  switch (presenceOf(field)) {
    case "optional":
      return binary(read, "!==", atom("undefined"), LEVEL.equality);
    case "oneof": {
      const base = emitter.raw(of);
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

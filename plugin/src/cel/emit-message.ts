import type { Emitter } from "./emitter.ts";
import type { Node } from "./expression.ts";
import { fieldType } from "./field-type.ts";
import { type Form, protoForm } from "./form.ts";
import { atom, binary, commas, LEVEL, type Piece, piece } from "./piece.ts";
import type { CelType } from "./type.ts";

/** A message literal. */
export function emitMessage(emitter: Emitter, node: Node & { kind: "message" }): Piece {
  const create = [emitter.names.runtime("create"), "(", emitter.names.schema(node.desc)];
  const fields = node.fields.flatMap(({ field, value }) => {
    if (value.type.kind === "null") return [];
    const { type, proto } = fieldType(field);
    const form = protoForm(proto);
    const printed = emitField(emitter, value, type, form);
    return [
      field.oneof === undefined
        ? atom(`${field.localName}: `, ...printed.print)
        : atom(`${field.oneof.localName}: { case: ${JSON.stringify(field.localName)}, value: `, ...printed.print, " }"),
    ];
  });
  if (fields.length === 0) return atom(...create, ")");
  return atom(...create, ", { ", ...commas(fields), " })");
}

/** The value of a field in a message literal. */
function emitField(emitter: Emitter, node: Node, type: CelType, form: Form): Piece {
  if (type.kind === "wrapper" && form.kind !== "boxed") return emitter.unset(node, form);
  const value = emitter.as(node, form.kind === "boxed" ? form.of : form);
  if (form.kind !== "boxed") {
    return value.nullable ? binary(value, "??", atom("undefined"), LEVEL.nullish) : value;
  }
  return atom(
    emitter.names.runtime("create"),
    "(",
    emitter.names.schema(form.desc),
    ", { value: ",
    ...value.print,
    " })",
  );
}

/** A map literal as protobuf-es has maps: an object. */
export function emitRecord(emitter: Emitter, node: Node & { kind: "map" }, form: Form & { kind: "record" }): Piece {
  if (node.entries.length === 0) return piece(["{}"], form);
  const entries = node.entries.map(([key, value]) => {
    const name = key.kind === "constant" ? String(key.value) : "";
    const simple = /^[A-Za-z_]\w*$/.test(name) && name !== "__proto__";
    const property = simple ? name : name === "__proto__" ? '["__proto__"]' : JSON.stringify(name);
    return atom(property, ": ", ...emitter.as(value, form.of).print);
  });
  return piece(["{ ", ...commas(entries), " }"], form);
}

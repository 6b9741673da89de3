// A field of a message that may not be there, as an optional holds it.
import type { DescField } from "@bufbuild/protobuf";
import { BIG, type Form, formOf, PLAIN, UNSIGNED } from "../../types/forms/form.ts";
import { fieldType, isInherited, presenceOf } from "../../types/model/field-type.ts";
import type { Emitter } from "../emitter/emitter.ts";
import { coerce, ifSet } from "../pieces/coerce.ts";
import { atom, LEVEL, operand, type Piece, piece, runtime } from "../pieces/piece.ts";

export function maybe(value: Piece): Piece {
  return { ...value, maybe: true };
}

export function opened(emitter: Emitter, value: Piece): Piece {
  const form = openForm(value.form);
  if (form === undefined) return value;
  return value.maybe ? ifSet(value, form, emitter.names) : coerce(value, form, emitter.names);
}

function openForm(form: Form): Form | undefined {
  switch (form.kind) {
    case "boxed":
      return form.of;
    case "json":
    case "any":
      return PLAIN;
    case "digits":
      return form.unsigned ? UNSIGNED : BIG;
    default:
      return undefined;
  }
}

/** The field of a message that may not be there; `undefined` when the field is unset. */
export function readField(emitter: Emitter, base: Piece, field: DescField, strict: boolean): Piece {
  const { names } = emitter;
  const { type, proto } = fieldType(field);
  const form = formOf(type, proto);
  const dot = base.maybe ? "?." : ".";
  const unwrapped = form.kind === "nullable" ? form.of : form;
  switch (isInherited(field) ? "default" : presenceOf(field)) {
    case "oneof": {
      const holder = atom(...operand(base, LEVEL.atom), dot, field.oneof?.localName ?? "");
      const name = atom(JSON.stringify(field.localName));
      return opened(emitter, maybe(runtime(names, "oneofValue", [holder, name], unwrapped)));
    }
    case "default": {
      const schema = atom(names.schema(field.parent), `.field.${field.localName}`);
      return maybe(runtime(names, "ifFieldSet", [base, schema, atom(JSON.stringify(field.localName))], unwrapped));
    }
    case "optional":
      return opened(emitter, maybe(piece([...operand(base, LEVEL.atom), dot, field.localName], unwrapped)));
    case "implicit": {
      const raw = { ...piece([...operand(base, LEVEL.atom), dot, field.localName], unwrapped), maybe: base.maybe };
      // "0" is no empty string.
      const read = raw.form.kind === "digits" ? opened(emitter, raw) : raw;
      return strict ? maybe(runtime(names, "nonZero", [read], read.form)) : read;
    }
  }
}

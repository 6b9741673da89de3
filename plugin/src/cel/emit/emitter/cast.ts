// Conversion of values whose types are known only at run time to certain types.

import { misfits, opens } from "../../types/forms/fit.ts";
import { celForm, generic, PLAIN } from "../../types/forms/form.ts";
import type { CallNode, CelType, Node } from "../../types/model/type.ts";
import { coerce, ifSet } from "../pieces/coerce.ts";
import { atom, isNothing, lambdaOf, method, type Piece, piece, property, runtime } from "../pieces/piece.ts";
import type { Emitter } from "./emitter.ts";

/** Converts a value to the node's type, if all or a part of the value is a dyn, or may be null. */
export function emitCast(emitter: Emitter, node: CallNode, first: Node): Piece {
  return cast(emitter, emitter.as(first, celForm(first.type)), first.type, node.type);
}

/** Converts the content of an optional, which is `undefined` if the optional is empty. */
export function castInner(emitter: Emitter, inner: Piece, from: CelType, to: CelType): Piece {
  if (!misfits(from, to) || isNothing(inner)) return inner;
  const convert = lambda(emitter, from, to);
  return { ...runtime(emitter.names, "unlessUnset", [inner, convert], celForm(to)), maybe: true };
}

/** Converts `value` in CEL's own form. The result has that form, too. */
function cast(emitter: Emitter, value: Piece, from: CelType, to: CelType): Piece {
  if (!misfits(from, to)) return value;
  const { names } = emitter;
  const form = celForm(to);
  switch (from.kind) {
    case "wrapper":
    case "message":
      if (!opens(from, to)) break;
      return runtime(names, "required", [value], form);
    case "list":
      if (to.kind !== "list") break;
      return method(value, "map", [lambda(emitter, from.element, to.element)], form);
    case "map": {
      if (to.kind !== "map") break;
      const key = keyCast(from.key, to.key);
      const item = misfits(from.value, to.value) ? [lambda(emitter, from.value, to.value)] : [];
      return runtime(names, "castMap", [value, key, ...item], form);
    }
    case "optional": {
      if (to.kind !== "optional") break;
      // The content of an optional has the form of a dyn.
      const held = { ...property(value, "inner", generic(celForm(from.of))), maybe: true };
      const inner = castInner(emitter, ifSet(held, celForm(from.of), names), from.of, to.of);
      return runtime(names, "optionalOf", [ifSet(inner, generic(celForm(to.of)), names)]);
    }
  }
  return castAny(emitter, coerce(value, PLAIN, names), to);
}

const ANY: CelType = { kind: "dyn" };

/** Converts a value of unknown type to a type. */
export function castAny(emitter: Emitter, value: Piece, to: CelType): Piece {
  if (!misfits(ANY, to)) return value;
  const { names } = emitter;
  const form = celForm(to);
  const named = (name: string): Piece => runtime(names, "cast", [value, atom(JSON.stringify(name))], form);
  switch (to.kind) {
    case "list": {
      const list = { ...named("list"), form: { kind: "list", of: PLAIN } } as const;
      return misfits(ANY, to.element) ? cast(emitter, list, { kind: "list", element: ANY }, to) : list;
    }
    case "map": {
      const item = misfits(ANY, to.value) ? [lambda(emitter, ANY, to.value)] : [];
      return runtime(names, "castMap", [value, keyCast(ANY, to.key), ...item], form);
    }
    case "wrapper":
      return runtime(names, "unlessNull", [value, lambda(emitter, ANY, to.of)], form);
    case "message": {
      if (to.nullable) {
        const sure = lambda(emitter, ANY, { kind: "message", desc: to.desc });
        return { ...runtime(names, "unlessNull", [value, sure]), nullable: true };
      }
      const time = /^google\.protobuf\.(Timestamp|Duration)$/.test(to.desc.typeName);
      return time ? named(to.desc.typeName) : runtime(names, "castMessage", [value, atom(names.schema(to.desc))]);
    }
    case "optional": {
      const optional = named("optional_type");
      if (!misfits(ANY, to.of)) return optional;
      return cast(emitter, optional, { kind: "optional", of: ANY }, to);
    }
    case "null":
      return named("null_type");
    default:
      return named(to.kind);
  }
}

function keyCast(from: CelType, to: CelType): Piece {
  return atom(misfits(from, to) ? JSON.stringify(to.kind) : '"dyn"');
}

/** Prints `(item) => …`, for an element or a content. */
function lambda(emitter: Emitter, from: CelType, to: CelType): Piece {
  const name = emitter.names.local("item");
  return lambdaOf(name, cast(emitter, piece([name], celForm(from)), from, to));
}

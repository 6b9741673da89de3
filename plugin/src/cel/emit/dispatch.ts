// Dispatch by kind of node to the printing files. These files receive an `Emitter` and print parts through its `value`,
// `as` and `inner`. None of them imports another one for that, and none imports this file.

import { runtimeTypeName } from "../types/facts/same-value.ts";
import { type Form, formOf, isUnsigned, PLAIN, protoForm } from "../types/forms/form.ts";
import { misfitKey } from "../types/forms/range.ts";
import type { Node, Variable } from "../types/model/type.ts";
import { emitCall } from "./calls/call.ts";
import { emitConditional } from "./control/logic.ts";
import { emitMacro } from "./control/macro.ts";
import { emitMissing } from "./control/missing.ts";
import type { Emitter, Print } from "./emitter/emitter.ts";
import { emitMap, emitMessage } from "./messages/message.ts";
import { emitRecord, isRecord } from "./messages/record.ts";
import { emitExtension, emitSelect, emitTest } from "./messages/select.ts";
import { emitOptional, optionalAs } from "./optionals/optional.ts";
import { coerce, packed, unbox } from "./pieces/coerce.ts";
import { constant, zero } from "./pieces/constant.ts";
import { atom, binary, LEVEL, operand, type Piece, piece, runtime } from "./pieces/piece.ts";

/** Prints CEL's value, in its most natural form. */
function value(emitter: Emitter, node: Node): Piece {
  const holds = node.type.kind === "optional" || (node.kind === "macro" && /^opt/.test(node.macro));
  const optional = holds ? emitOptional(emitter, node) : undefined;
  if (optional !== undefined) return optional;
  switch (node.kind) {
    case "constant":
      return constant(node.value, node.type.kind === "uint");
    case "name": {
      const read = emitter.raw(node);
      const { unset } = node.variable;
      if (node.type.kind === "wrapper" && UNSET.has(node.variable.role)) return orNull(read);
      if (unset === undefined || !read.maybe) return { ...unbox(read, emitter.names), maybe: false };
      if (emitter.strict) return unbox(emitter.present(read), emitter.names);
      const set = binary(read, "??", atom(...zero(emitter.names, unset)), LEVEL.nullish);
      return unbox({ ...set, form: read.form }, emitter.names);
    }
    case "enum":
      return piece(
        [emitter.names.shape(node.desc), `.${node.value.localName}`],
        protoForm({ kind: "enum", desc: node.desc }),
      );
    case "typename":
      return runtime(emitter.names, "typeNamed", [atom(JSON.stringify(runtimeTypeName(node.named)))]);
    case "ok":
      if (node.known !== undefined) return atom(String(node.known));
      if (emitter.names.fails?.(node)) return atom("false");
      if (node.field !== undefined) return not(emitMissing(emitter, node.field.of, node.field.field.name));
      return node.variable.absent || node.set
        ? binary(atom(emitter.names.variable(node.variable)), "!==", atom("undefined"), LEVEL.equality)
        : atom("true");
    case "received":
      if (emitter.names.received === undefined) throw new Error("no answer is read here");
      return atom(emitter.names.received(node.variable, node.part, node.name));
    case "select":
      if (node.test) return emitTest(emitter, node);
      return emitSelect(emitter, node);
    case "extension":
      return emitExtension(emitter, node);
    case "call":
      return emitCall(emitter, node);
    case "macro":
      return emitMacro(emitter, node);
    case "list": {
      const form = formOf(node.type, node.proto);
      return emitter.list(node, form.kind === "list" ? form.of : PLAIN);
    }
    case "map": {
      const form = formOf(node.type, undefined);
      return form.kind === "map" ? emitMap(emitter, node, form) : atom("new Map()");
    }
    case "message":
      return emitMessage(emitter, node);
  }
}

const not = (test: Piece): Piece => piece(["!", ...operand(test, LEVEL.unary)], test.form, LEVEL.unary);

/** Prints the value in a given form. Literals, conditionals and comprehensions are printed in it directly. */
function as(emitter: Emitter, node: Node, form: Form): Piece {
  // A key that does not fit is an error, which an object would not raise.
  if (node.kind === "map" && form.kind === "record" && misfitKey(node, form.key) !== undefined) {
    return coerce(emitter.value(node), form, emitter.names);
  }
  if (node.kind === "list" && form.kind === "list") return emitter.list(node, form.of);
  if (form.kind === "any" && node.type.kind === "message") {
    const message = emitter.value(node);
    // Packing checks a value that may be null.
    if (!message.nullable) return packed(message, node.type.desc, emitter.names);
  }
  if (node.kind === "map" && form.kind === "record" && isRecord(node, form)) return emitRecord(emitter, node, form);
  // A dyn needs the information which keys are uints.
  const uints = node.type.kind === "map" && node.type.key.kind === "uint";
  if (node.kind === "map" && form.kind === "map" && (!uints || isUnsigned(form.key)))
    return emitMap(emitter, node, form);
  if (node.kind === "macro" && node.macro === "map" && form.kind === "list") return emitMacro(emitter, node, form.of);
  if (node.kind === "call" && node.overload === "conditional" && form.kind !== "small" && form.kind !== "big") {
    return emitConditional(emitter, node, form);
  }
  return coerce(emitter.value(node), form, emitter.names);
}

export const print: Print = { value, as, inner: optionalAs };

/** Roles of variables whose null is `undefined`: steps and arguments. */
const UNSET: ReadonlySet<Variable["role"]> = new Set(["step", "arg"]);
function orNull(read: Piece): Piece {
  const of = read.form.kind === "nullable" ? read.form.of : read.form;
  const print = operand(binary(read, "??", atom("null"), LEVEL.nullish), 0);
  return piece(print, { kind: "nullable", of }, LEVEL.nullish);
}

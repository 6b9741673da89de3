// Type annotations of values whose type TypeScript would infer differently: of empty optionals and empty lists.
import type { Printable } from "@bufbuild/protoplugin";
import { celForm, type Form, formOf, generic, protoForm } from "../../types/forms/form.ts";
import type { CelType, Proto } from "../../types/model/type.ts";
import type { Names } from "./piece.ts";

const PLAIN: Readonly<Partial<Record<CelType["kind"], string>>> = {
  bool: "boolean",
  int: "bigint",
  double: "number",
  string: "string",
  bytes: "Uint8Array",
  null: "null",
  // An empty literal fits any type.
  param: "never",
};

/** Returns the TypeScript type of a CEL type in CEL's own form, which functions of the user accept and return. */
export function celShape(type: CelType, names: Names): readonly Printable[] {
  return shapeOf(type, celForm(type), names);
}

/** Returns the TypeScript type of a plain value, as in a message of protobuf-es. */
export function protoShape(type: CelType, proto: Proto, names: Names): readonly Printable[] {
  switch (proto.kind) {
    case "list":
      return listOf(protoShape(type.kind === "list" ? type.element : type, proto.of, names));
    case "map": {
      const value = protoShape(type.kind === "map" ? type.value : type, proto.of, names);
      const numbers = protoForm({ kind: "scalar", scalar: proto.key }).kind === "small";
      return [`{ [key: ${numbers ? "number" : "string"}]: `, ...value, " }"];
    }
    case "message":
      return [names.shape(proto.desc)];
    default:
      return shapeOf(type, formOf(type, proto), names);
  }
}

/** Returns the TypeScript type of a value of CEL type `type` in the form `form`. */
export function shapeOf(type: CelType, form: Form, names: Names): readonly Printable[] {
  switch (form.kind) {
    case "small":
      return [form.enum === undefined ? "number" : names.shape(form.enum)];
    case "float":
      return ["number"];
    case "big":
      return ["bigint"];
    case "digits":
      return ["string"];
    case "list":
      return listOf(shapeOf(type.kind === "list" ? type.element : type, form.of, names));
    case "map": {
      if (type.kind !== "map") return ["unknown"];
      const [key, value] = entryShape(type, form, names);
      return ["Map<", ...key, ", ", ...value, ">"];
    }
    case "record":
      return ["{ [key: string]: ", ...shapeOf(type.kind === "map" ? type.value : type, form.of, names), " }"];
    case "boxed":
      return [names.shape(form.desc)];
    case "nullable":
      return [...shapeOf(type.kind === "wrapper" ? type.of : type, form.of, names), " | null"];
    case "plain":
      return plainShape(type, names);
    case "struct":
    case "json":
    case "any":
      // This form occurs only in an empty optional that sets a field.
      return ["never"];
  }
}

/** Returns the TypeScript types of the keys and the values of a `Map`. */
export function entryShape(
  { key, value }: CelType & { readonly kind: "map" },
  form: Form & { readonly kind: "map" },
  names: Names,
): readonly [key: readonly Printable[], value: readonly Printable[]] {
  // No key is boxed.
  return [key.kind === "uint" ? ["bigint"] : shapeOf(key, form.key, names), shapeOf(value, form.of, names)];
}

function listOf(element: readonly Printable[]): readonly Printable[] {
  return element.includes(" | null") ? ["(", ...element, ")[]"] : [...element, "[]"];
}

function plainShape(type: CelType, names: Names): readonly Printable[] {
  switch (type.kind) {
    case "message":
      return [names.shape(type.desc), ...(type.nullable ? [" | null"] : [])];
    case "optional":
      return [names.runtime("Optional"), "<", ...shapeOf(type.of, generic(celForm(type.of)), names), ">"];
    case "uint":
      return [names.runtime("Uint")];
    case "type":
      return [names.runtime("Type")];
    default:
      return [PLAIN[type.kind] ?? "unknown"];
  }
}

// Code of values that are known when code is generated.
import type { DescField } from "@bufbuild/protobuf";
import { PLAIN } from "../../types/forms/form.ts";
import { protoRange } from "../../types/forms/range.ts";
import { declaredDefault } from "../../types/model/declared-default.ts";
import { fieldType } from "../../types/model/field-type.ts";
import type { CelType, Node, Proto } from "../../types/model/type.ts";
import { atom, LEVEL, literal, type Names, type Piece, piece } from "./piece.ts";

/** Values of unset scalars, for types other than bytes and integers. */
const ZEROS: Partial<Readonly<Record<CelType["kind"], string | boolean | number>>> = {
  string: "",
  bool: false,
  double: 0,
};

/** Returns the value of an unset field. */
export function zero(names: Pick<Names, "runtime" | "schema" | "shape">, field: DescField): Piece["print"] {
  const { type, proto } = fieldType(field);
  if (type.kind === "wrapper") return ["null"];
  switch (proto.kind) {
    case "list":
      return ["[]"];
    case "map":
      return ["{}"];
    case "message":
      if (proto.desc.typeName === "google.protobuf.Struct") return ["{}"];
      return [names.runtime("create"), "(", names.schema(proto.desc), ")"];
    case "enum": {
      const value = proto.desc.values.find(
        (candidate) => candidate.number === (enumDefault(field) ?? proto.desc.values[0]?.number),
      );
      return [names.shape(proto.desc), `.${value?.localName ?? ""}`];
    }
    case "scalar": {
      const preset = declaredDefault(field);
      if (type.kind === "bytes") return constant(preset instanceof Uint8Array ? preset : new Uint8Array()).print;
      if (preset !== undefined && !(preset instanceof Uint8Array)) return scalar(preset, proto).print;
      return scalar(ZEROS[type.kind] ?? 0n, proto).print;
    }
  }
}

function enumDefault(field: DescField): number | undefined {
  return field.fieldKind === "enum" ? field.getDefaultValue() : undefined;
}

function scalar(value: string | bigint | number | boolean, proto: Proto): Piece {
  if (proto.kind === "scalar" && proto.text) return atom(`"${value}"`);
  if (typeof value === "bigint" || protoRange(proto) !== undefined) {
    return literalIn(BigInt(value), proto);
  }
  return constant(value);
}

function literalIn(value: bigint, proto: Proto): Piece {
  const print = protoRange(proto) === undefined ? `${value}n` : `${value}`;
  return piece([print], PLAIN);
}

export function constant(value: (Node & { kind: "constant" })["value"], unsigned = false): Piece {
  if (typeof value === "bigint") return literal(value, unsigned);
  if (value instanceof Uint8Array) {
    return atom(value.length === 0 ? "new Uint8Array()" : `Uint8Array.of(${[...value].join(", ")})`);
  }
  if (typeof value !== "number") return atom(quoted(value));
  const negative = value < 0 || Object.is(value, -0);
  return piece([double(value)], PLAIN, negative ? LEVEL.unary : LEVEL.atom);
}

/** Returns a double as a literal of TypeScript. */
function double(value: number): string {
  if (Object.is(value, -0)) return "-0";
  return Number.isNaN(value) ? "Number.NaN" : String(value);
}

/** Returns a literal of JSON without the line separators that JSON allows and editors handle badly. */
function quoted(value: string | boolean | null): string {
  return JSON.stringify(value).replace(/[\u2028\u2029]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16)}`);
}

import { ScalarType } from "@bufbuild/protobuf";
import type { Printable } from "@bufbuild/protoplugin";
import { type Expression, isFixed, literalsOf, type Names, type Proto } from "../../cel/index.ts";

const { INT64, UINT64, FIXED64, SFIXED64, SINT64 } = ScalarType;
const LONG: ReadonlySet<ScalarType> = new Set([INT64, UINT64, FIXED64, SFIXED64, SINT64]);

/**
 * Returns the type of a value in the form `proto` that can only be a literal. Returns undefined for any other value,
 * and for a literal without such a type. TypeScript would infer a type of that literal alone, and refuse to compare it
 * with other literals.
 */
export function literalType({ root }: Expression, proto: Proto | undefined, names: Names): Printable | undefined {
  const [literal] = literalsOf(root);
  if (literal === undefined || !isFixed(root)) return undefined;
  // An enum in an optional is an integer, which is converted.
  if (literal.kind === "enum") return proto?.kind === "enum" ? names.shape(proto.desc) : undefined;
  if (typeof literal.value === "object") return undefined;
  if (typeof literal.value !== "bigint") return typeof literal.value;
  if (proto?.kind === "scalar" && !LONG.has(proto.scalar)) return "number";
  return proto?.kind === "scalar" && proto.text === true ? "string" : "bigint";
}

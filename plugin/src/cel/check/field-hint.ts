import type { CelType } from "../types/model/type.ts";
import { typeName, typeNameOfEnums } from "../types/model/type-name.ts";
import { nameList } from "./describe-call.ts";

/**
 * By the type of a field, the types that the function of that name accepts. The author may have meant to convert one of
 * them.
 */
const CONVERSIONS: Readonly<Record<string, readonly string[]>> = {
  int: ["uint", "double", "string"],
  uint: ["int", "double", "string"],
  double: ["int", "uint", "string"],
  string: ["int", "uint", "double", "bool", "bytes", "timestamp", "duration"],
  bool: ["string"],
  bytes: ["string"],
  timestamp: ["string"],
  duration: ["string"],
};

/** Returns the correction of a value of type `is` for the field `name` of type `of`. */
export function fieldHint(is: CelType, of: CelType, name: string): string | undefined {
  const fits = (left: CelType, right: CelType): boolean => typeNameOfEnums(left) === typeNameOfEnums(right);
  if (is.kind === "optional" && fits(is.of, of))
    return `write ?${name}: …, which leaves the field unset if the optional is empty`;
  if (of.kind === "list" && fits(is, of.element)) return "write [ … ] around it to make a list of one element";
  if (is.kind === "list" && fits(is.element, of)) return "take one element, such as …[0]";
  const expected = of.kind === "wrapper" ? of.of : of;
  if (CONVERSIONS[typeNameOfEnums(expected)]?.includes(typeName(is))) return `convert it: ${typeName(expected)}(…)`;
  if (of.kind !== "list") return literalOf(expected, "write");
  return literalOf(of.element, is.kind === "list" ? "write each element as" : "write a list, each element as");
}

/** Returns the literal of a type without conversions: `up.v1.Filter{…}` with its fields, or a value of an enum. */
function literalOf(type: CelType, write: string): string | undefined {
  if (type.kind === "int" && type.enum !== undefined) {
    const [first, second = first] = type.enum.values;
    return `${write} one of the values of the enum, such as ${type.enum.typeName}.${second?.name}`;
  }
  if (type.kind !== "message" || CONVERSIONS[typeName(type)] !== undefined) return undefined;
  const fields = type.desc.fields.map((field) => field.name);
  return `${write} ${typeName(type)}${fields.length === 0 ? "{}" : `{…}; its fields are ${nameList(fields)}`}`;
}

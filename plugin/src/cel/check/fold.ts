import { type Range, rangeOf } from "../types/forms/range.ts";
import type { Node } from "../types/model/type.ts";

/** A value that is known before run time. "fails": evaluation is certain to fail. */
type Folded = { readonly value: string | bigint | number | boolean } | "fails" | undefined;

type Value = Exclude<Folded, "fails" | undefined>["value"];

/** Returns the value of a node that is certain. Ints and uints are bigint, doubles number. */
export function fold(node: Node): Folded {
  switch (node.kind) {
    case "constant":
      return node.value === null || node.value instanceof Uint8Array ? undefined : { value: node.value };
    case "enum":
      return { value: BigInt(node.value.number) };
    case "call":
      return foldCall(node);
    default:
      return undefined;
  }
}

function foldCall(node: Node & { kind: "call" }): Folded {
  const { overload } = node;
  const [first, second, third] = node.args;
  if (first === undefined) return undefined;
  if (overload === "conditional") {
    const condition = fold(first);
    if (condition === undefined || condition === "fails") return condition;
    const branch = condition.value ? second : third;
    return branch && fold(branch);
  }
  if (overload === "size_list") {
    return first.kind === "list" && first.optionals === undefined
      ? { value: BigInt(first.elements.length) }
      : undefined;
  }
  if (/^enum_(name|text)$/.test(overload)) return ofEnum(node, first, second);
  const a = fold(first);
  if (second === undefined) return a === undefined || a === "fails" ? a : unary(overload, a.value);
  const b = fold(second);
  if (overload === "logical_and" || overload === "logical_or") return junction(overload === "logical_and", a, b);
  if (a === "fails" || b === "fails") return "fails";
  if (overload === "repeat" && typeof b?.value === "bigint" && b.value < 0n) return "fails";
  if (b !== undefined && b.value === 0n && /^(divide|modulo)_u?int64$/.test(overload)) return "fails";
  return a !== undefined && b !== undefined ? binary(overload, a.value, b.value) : byRange(overload, first, second);
}

/** Returns the name or the text of a known value. If one number has several names, the first counts. */
function ofEnum({ overload }: Node & { kind: "call" }, first: Node, texts: Node | undefined): Folded {
  if (first.kind !== "enum") return undefined;
  const { number } = first.value;
  const name = first.desc.values.find((value) => value.number === number)?.name;
  if (overload === "enum_name") return name === undefined ? undefined : { value: name };
  const entries = texts?.kind === "map" ? texts.entries : [];
  const [, text] = entries.find(([key]) => key.kind === "enum" && key.value.number === number) ?? [];
  return { value: text?.kind === "constant" && typeof text.value === "string" ? text.value : "" };
}

/** Combines two operands. The deciding side absorbs an error of the other one. */
function junction(and: boolean, a: Folded, b: Folded): Folded {
  if (a === undefined || b === undefined) return undefined;
  const decides = [a, b].find((side) => side !== "fails" && side.value !== and);
  if (decides !== undefined) return decides;
  return a === "fails" || b === "fails" ? "fails" : { value: and };
}

function unary(overload: string, value: Value): Folded {
  if (overload === "logical_not" && typeof value === "boolean") return { value: !value };
  if (overload === "negate_double" && typeof value === "number") return { value: -value };
  if (overload === "negate_int64" && typeof value === "bigint") return integer("int64", -value);
  if (overload === "url_encode" && typeof value === "string") return { value: encoded(value) };
  if (overload === "upper" && typeof value === "string") return { value: value.toUpperCase() };
  if (overload === "lower" && typeof value === "string") return { value: value.toLowerCase() };
  if (overload === "size_string" && typeof value === "string") return { value: BigInt([...value].length) };
  return overload === "same" ? { value } : undefined;
}

function binary(overload: string, a: Value, b: Value): Folded {
  if (overload === "equals" || overload === "not_equals") return { value: same(a, b) === (overload === "equals") };
  const order = /^(less|less_equals|greater|greater_equals)_(number|string)$/.exec(overload);
  if (order !== null) return ordered(order[1] ?? "", a, b);
  if (overload === "add_string") return { value: `${a}${b}` };
  if (typeof a === "string" && typeof b === "string") {
    if (overload === "trim_prefix") return { value: a.startsWith(b) ? a.slice(b.length) : a };
    if (overload === "trim_suffix") return { value: a.endsWith(b) ? a.slice(0, a.length - b.length) : a };
  }
  const [operator = "", type = ""] = overload.split("_");
  if (typeof a === "number" && typeof b === "number" && type === "double") {
    const value = { add: a + b, subtract: a - b, multiply: a * b, divide: a / b }[operator];
    return value === undefined ? undefined : { value };
  }
  if (typeof a !== "bigint" || typeof b !== "bigint" || !/^u?int64$/.test(type)) return undefined;
  switch (operator) {
    case "add":
      return integer(type, a + b);
    case "subtract":
      return integer(type, a - b);
    case "multiply":
      return integer(type, a * b);
    case "divide":
      return integer(type, a / b);
    case "modulo":
      return integer(type, a % b);
    default:
      return undefined;
  }
}

function same(a: Value, b: Value): boolean {
  // Exact between bigint and number.
  return isNumber(a) && isNumber(b) ? a <= b && a >= b : a === b;
}

function isNumber(value: Value): value is bigint | number {
  return typeof value === "bigint" || typeof value === "number";
}

function ordered(operator: string, a: Value, b: Value): Folded {
  // Strings are ordered by code point, which JavaScript does for those of one unit each.
  const known = (isNumber(a) && isNumber(b)) || (isBasic(a) && isBasic(b));
  if (!known) return undefined;
  const value = { less: a < b, less_equals: a <= b, greater: a > b, greater_equals: a >= b }[operator];
  return value === undefined ? undefined : { value };
}

function isBasic(value: Value): boolean {
  return typeof value === "string" && !/[\ud800-\uffff]/.test(value);
}

function integer(type: string, value: bigint): Folded {
  const fits = type === "int64" ? BigInt.asIntN(64, value) === value : BigInt.asUintN(64, value) === value;
  return fits ? { value } : "fails";
}

/** Evaluates a comparison that the types decide: a size is never negative, an int32 never 3000000000. */
function byRange(overload: string, first: Node, second: Node): Folded {
  const a = rangeOf(first);
  const b = rangeOf(second);
  if (a === undefined || b === undefined) return undefined;
  switch (overload) {
    case "equals":
    case "not_equals":
      return a.high < b.low || a.low > b.high ? { value: overload === "not_equals" } : undefined;
    case "less_number":
      return lessByRange(a, b);
    case "less_equals_number":
      return lessEqualsByRange(a, b);
    case "greater_number":
      return lessByRange(b, a);
    case "greater_equals_number":
      return lessEqualsByRange(b, a);
    default:
      return undefined;
  }
}

function lessByRange(a: Range, b: Range): Folded {
  if (a.high < b.low) return { value: true };
  return a.low >= b.high ? { value: false } : undefined;
}

function lessEqualsByRange(a: Range, b: Range): Folded {
  if (a.high <= b.low) return { value: true };
  return a.low > b.high ? { value: false } : undefined;
}

/** Encodes a text like `url.encode`. */
function encoded(text: string): string {
  const code = (sign: string): string => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, code);
}

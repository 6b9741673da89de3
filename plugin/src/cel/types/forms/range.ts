import { ScalarType } from "@bufbuild/protobuf";
import type { Node, Proto } from "../model/type.ts";

/**
 * The least and the greatest possible integer of a value, both within ±(2^53 - 1), so that a `number` holds it exactly.
 */
export interface Range {
  readonly low: number;
  readonly high: number;
}

export const INT32: Range = { low: -(2 ** 31), high: 2 ** 31 - 1 };
const UINT32: Range = { low: 0, high: 2 ** 32 - 1 };
/** Lengths of strings and arrays: protobuf messages end at 2 GiB. */
const LENGTH: Range = { low: 0, high: 2 ** 31 - 1 };

/** The range of a plain value, when its representation is a `number`. */
export function protoRange(proto: Proto | undefined): Range | undefined {
  if (proto?.kind === "enum") return INT32;
  if (proto?.kind !== "scalar") return undefined;
  switch (proto.scalar) {
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return INT32;
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return UINT32;
    default:
      return undefined;
  }
}

/** A constant key of a map literal that is out of the range of a map of protobuf's. */
export function misfitKey({ entries }: Node & { readonly kind: "map" }, key: ScalarType): Node | undefined {
  const range = protoRange({ kind: "scalar", scalar: key });
  if (range === undefined) return undefined;
  const misfits = (name: Node): boolean => {
    if (name.kind !== "constant" || typeof name.value !== "bigint") return false;
    const value = Number(name.value);
    return value < range.low || value > range.high;
  };
  return entries.map(([name]) => name).find(misfits);
}

/** Returns the range of an int or uint that is known beforehand. Undefined: any 64-bit value. */
export function rangeOf(node: Node): Range | undefined {
  if (node.type.kind !== "int" && node.type.kind !== "uint") return undefined;
  const typeRange = protoRange(node.proto);
  if (typeRange !== undefined) return typeRange;
  if (node.kind === "constant") {
    const value = Number(node.value);
    return typeof node.value === "bigint" ? within({ low: value, high: value }) : undefined;
  }
  if (node.kind !== "call") return undefined;
  if (node.overload === "conditional") {
    const yes = node.args[1] && rangeOf(node.args[1]);
    const no = node.args[2] && rangeOf(node.args[2]);
    return yes && no && { low: Math.min(yes.low, no.low), high: Math.max(yes.high, no.high) };
  }
  if (node.overload === "same") return node.args[0] && rangeOf(node.args[0]);
  if (node.overload === "uint64_to_int64" || node.overload === "int64_to_uint64") {
    const range = node.args[0] && rangeOf(node.args[0]);
    return range !== undefined && range.low >= 0 ? range : undefined;
  }
  if (/^(size_(string|bytes|list|map)$|timestamp_get|duration_getMilli)/.test(node.overload)) return LENGTH;
  if (node.overload === "page_size") {
    const most = node.args[2] && rangeOf(node.args[2]);
    return most && { low: 1, high: most.high };
  }
  if (/^(last_)?index_of$/.test(node.overload)) return { low: -1, high: LENGTH.high };
  const [first, second] = node.args.map(rangeOf);
  return first && arithmeticRange(node.overload, first, second);
}

/** Returns true if a division or a remainder cannot fail: by a constant that is neither 0 nor -1. */
export function isSafeDivisor(overload: string, divisor: Node | undefined): boolean {
  if (!/^(divide|modulo)_u?int64$/.test(overload) || divisor?.kind !== "constant") return false;
  return typeof divisor.value === "bigint" && divisor.value !== 0n && divisor.value !== -1n;
}

/** Returns the range of an operator's result, if it is certainly exact and no error. */
function arithmeticRange(overload: string, a: Range, b: Range | undefined): Range | undefined {
  if (overload === "negate_int64") return within({ low: -a.high, high: -a.low });
  if (b === undefined) return undefined;
  const [operator, type] = overload.split("_");
  const range = combine(operator ?? "", a, b);
  if (range === undefined || (type === "uint64" && range.low < 0)) return undefined;
  return within(range);
}

function combine(operator: string, a: Range, b: Range): Range | undefined {
  switch (operator) {
    case "add":
      return { low: a.low + b.low, high: a.high + b.high };
    case "subtract":
      return { low: a.low - b.high, high: a.high - b.low };
    case "multiply": {
      const products = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high];
      return { low: Math.min(...products), high: Math.max(...products) };
    }
    case "divide": {
      if (b.low <= 0 && b.high >= 0) return undefined;
      const most = Math.max(Math.abs(a.low), Math.abs(a.high));
      return { low: a.low < 0 || b.low < 0 ? -most : 0, high: most };
    }
    case "modulo": {
      if (b.low <= 0 && b.high >= 0) return undefined;
      const most = Math.max(Math.abs(b.low), Math.abs(b.high)) - 1;
      return { low: a.low < 0 ? -most : 0, high: a.high > 0 ? most : 0 };
    }
    default:
      return undefined;
  }
}

function within(range: Range): Range | undefined {
  return Number.isSafeInteger(range.low) && Number.isSafeInteger(range.high) ? range : undefined;
}

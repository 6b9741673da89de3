import { type DescEnum, ScalarType } from "@bufbuild/protobuf";
import { base64Decode } from "@bufbuild/protobuf/wire";
import type { JsonTree } from "./json-tree.ts";
import { double, float, LONG, wholeReader } from "./numbers.ts";
import { isBase64 } from "./well-known.ts";

/** A value of a message that is no message itself. */
type Scalar = string | boolean | number | bigint | Uint8Array;

/** Reads values of one type. */
interface ScalarReader {
  /** Returns undefined for a value of another type. */
  readonly read: (json: JsonTree) => Scalar | undefined;
  /** `expected …` */
  readonly expected: string;
}

/** @param longAsString true for 64-bit numbers that messages have as strings (`jstype = JS_STRING`) */
export function scalarReader(type: ScalarType, longAsString = false): ScalarReader {
  const whole = wholeReader(type);
  if (whole === undefined) return OTHERS[type as keyof typeof OTHERS];
  if (!longAsString || !LONG.has(type)) return whole;
  return { expected: whole.expected, read: (json) => whole.read(json)?.toString() };
}

const OTHERS = {
  [ScalarType.STRING]: {
    expected: "expected a string",
    read: (json: JsonTree) => (typeof json === "string" ? json : undefined),
  },
  [ScalarType.BOOL]: {
    expected: "expected true or false",
    read: (json: JsonTree) => (typeof json === "boolean" ? json : undefined),
  },
  [ScalarType.BYTES]: { expected: "expected a string of base64", read: bytes },
  [ScalarType.DOUBLE]: { expected: "expected a double", read: double },
  [ScalarType.FLOAT]: { expected: "expected a float", read: float },
};

function bytes(json: JsonTree): Uint8Array | undefined {
  return typeof json === "string" && isBase64(json) ? base64Decode(json) : undefined;
}

/** Left out, because its name is unknown. */
export const LEFT_OUT = Symbol("left out");

/** Reads values of one enum. */
interface EnumReader {
  readonly read: (json: JsonTree, leavesOut: boolean) => number | typeof LEFT_OUT | undefined;
  readonly expected: string;
}

/**
 * Returns a reader by names and numbers. It returns LEFT_OUT for unknown names if `leavesOut` is set, and undefined for
 * all other values.
 */
export function enumReader(desc: DescEnum): EnumReader {
  const numbers = new Map<JsonTree, number>();
  for (const { jsonName, number } of desc.values) numbers.set(jsonName, number);
  for (const { name, number } of desc.values) numbers.set(name, number);
  const known = new Set(desc.values.map(({ number }) => number));
  const { read: number } = scalarReader(ScalarType.INT32);
  return {
    expected: `expected a name or a number of ${desc.typeName}`,
    read(json, leavesOut) {
      if (typeof json === "string") return numbers.get(json) ?? (leavesOut ? LEFT_OUT : undefined);
      const found = number(json) as number | undefined;
      return found === undefined || desc.open || known.has(found) ? found : undefined;
    },
  };
}

/** Digits that may begin with zeros or a plus, in keys alone. */
const KEY = /^(?:\+|(-))?0*(\d+)$/;

/** Returns the value of a map's key, as the property of a message; undefined for a name of another type. */
export function keyReader(type: ScalarType): (name: string) => string | undefined {
  if (type === ScalarType.STRING) return (name) => name;
  if (type === ScalarType.BOOL) return (name) => (name === "true" || name === "false" ? name : undefined);
  const { read } = scalarReader(type);
  return (name) => {
    const [, sign = "", digits] = KEY.exec(name) ?? [];
    return digits === undefined ? undefined : read(sign + digits)?.toString();
  };
}

// Enums by name and number.
import type { DescEnum, EnumShape } from "@bufbuild/protobuf";

type Int = number | bigint;

interface Values {
  readonly names: ReadonlyMap<number, string>;
  readonly numbers: ReadonlyMap<string, number>;
}

const known = new WeakMap<DescEnum, Values>();

function valuesOf(desc: DescEnum): Values {
  const before = known.get(desc);
  if (before !== undefined) return before;
  // If several names have one number, the first declared name counts.
  const names = new Map(desc.values.toReversed().map(({ number, name }) => [number, name]));
  const table = { names, numbers: new Map(desc.values.map(({ number, name }) => [name, number])) };
  known.set(desc, table);
  return table;
}

/** The declared name, the first of several; a number that is not declared in digits, as ProtoJSON has it. */
export function enumName(desc: DescEnum, value: number): string {
  return valuesOf(desc).names.get(value) ?? String(value);
}

/** The value, undefined when the number is not declared. */
export function enumFrom<D extends DescEnum>(desc: D, number: Int): EnumShape<D> | undefined {
  const value = Number(number);
  return valuesOf(desc).names.has(value) ? (value as EnumShape<D>) : undefined;
}

/** The value of that name, undefined when it is not declared. */
export function enumParse<D extends DescEnum>(desc: D, name: string): EnumShape<D> | undefined {
  return valuesOf(desc).numbers.get(name) as EnumShape<D> | undefined;
}

/** Returns the text of an enum value; "" for an undeclared one. */
export function enumText(texts: Readonly<Record<number, string>>, value: number): string {
  return texts[value] ?? "";
}

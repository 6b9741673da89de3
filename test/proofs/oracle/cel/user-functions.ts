// Functions of the user in expressions, as a scenario has them.
import {
  type CelFunc,
  type CelInput,
  CelScalar,
  type CelType,
  type CelValue,
  celFunc,
  listType,
  mapType,
} from "@bufbuild/cel";
import type { Ir } from "../../../../plugin/src/ir/ir.ts";

/** By their names in expressions; undefined, or a throw, is an error. */
export type BffFunctions = ReadonlyMap<string, (...args: readonly CelValue[]) => CelInput | undefined>;

/** Implements the functions that an IR declares; `given` are those of the current response. */
export class BffFunctionTable {
  current: BffFunctions = new Map();
  readonly funcs: readonly CelFunc[];

  constructor(ir: Ir) {
    const declared = ir.files.flatMap((file) => file.functions);
    const byName = new Map(declared.map((irFunction) => [irFunction.name.value, irFunction]));
    this.funcs = [...byName].map(([name, { params }]) =>
      celFunc(
        name,
        params.map(({ value }) => typeOf(value)),
        CelScalar.DYN,
        (...args: readonly CelValue[]) => {
          const value = this.current.get(name)?.(...args);
          if (value === undefined) throw new Error(`${name} gave nothing`);
          return value;
        },
      ),
    );
  }
}

function typeOf(text: string): CelType {
  if (text.startsWith("list")) return listType(CelScalar.DYN);
  if (text.startsWith("map")) return mapType(CelScalar.DYN, CelScalar.DYN);
  const scalar = text.toUpperCase();
  return Object.hasOwn(CelScalar, scalar) ? CelScalar[scalar as keyof typeof CelScalar] : CelScalar.DYN;
}

import type { DescEnum } from "@bufbuild/protobuf";
import type { IrEnum } from "../../../../plugin/src/ir/ir.ts";
import { Invalid, NoCounterpart } from "../invalid.ts";

/** Returns the value of one enum that corresponds to a value of another. */
export function enumAcross(
  enums: ReadonlyMap<string, IrEnum>,
  number: number,
  from: DescEnum | undefined,
  to: DescEnum,
): number {
  if (from === undefined || from.typeName === to.typeName) return number;
  const rule = enums.get(to.typeName);
  if (rule !== undefined && rule.alias.length > 0) {
    const name = from.values.find((value) => value.number === number)?.name;
    const explicit = rule.values.find((value) => value.alias.some((alias) => lastName(alias.value) === name));
    const same = rule.values.find((value) => value.desc.name === name && value.noAlias?.value !== true);
    const fallback = rule.values.find((value) => value.default?.value === true);
    const found = (name === undefined ? undefined : (explicit ?? same)) ?? fallback;
    if (found === undefined) throw new Invalid(`${from.typeName} ${number} has no counterpart in ${to.typeName}`);
    return found.desc.number;
  }
  // Towards upstreams: the first alias, else the same name.
  const value = enums.get(from.typeName)?.values.find((v) => v.desc.number === number);
  const name = value?.alias[0] === undefined ? value?.desc.name : lastName(value.alias[0].value);
  const found = value?.noAlias?.value === true ? undefined : to.values.find((v) => v.name === name);
  if (found === undefined) throw new NoCounterpart(`${from.typeName} ${number} has no counterpart in ${to.typeName}`);
  return found.number;
}

function lastName(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

// Functions of enums; their first operands are names of enums (evaluator.ts).
import { type CelFunc, CelScalar, celFunc, mapType } from "@bufbuild/cel";
import type { DescEnum, Registry } from "@bufbuild/protobuf";
import type { IrEnum } from "../../../../plugin/src/ir/ir.ts";
import { enumAcross } from "./enums.ts";
import { none, some } from "./macros.ts";

const { DYN, INT, STRING } = CelScalar;
const OPTIONAL = mapType(DYN, DYN);

export function enumFunctions(registry: Registry, declared: readonly IrEnum[]): CelFunc[] {
  const rules = new Map(declared.map((rule) => [rule.desc.typeName, rule]));
  const named = (name: string): DescEnum => {
    const found = registry.getEnum(name);
    if (found === undefined) throw new Error(`no enum ${name}`);
    return found;
  };
  return [
    celFunc("@enums.name", [STRING, INT], STRING, (of, number) => {
      const [value] = named(of).values.filter((candidate) => BigInt(candidate.number) === number);
      return value?.name ?? `${number}`;
    }),
    celFunc("@enums.text", [STRING, INT], STRING, (of, number) => {
      const value = rules.get(of)?.values.find(({ desc }) => BigInt(desc.number) === number);
      return value?.text?.value ?? "";
    }),
    celFunc("@enums.from", [STRING, INT], OPTIONAL, (of, number) =>
      named(of).values.some((value) => BigInt(value.number) === number) ? some(number) : none,
    ),
    celFunc("@enums.parse", [STRING, STRING], OPTIONAL, (of, name) => {
      const value = named(of).values.find((candidate) => candidate.name === name);
      return value === undefined ? none : some(BigInt(value.number));
    }),
    celFunc("@enums.convert", [STRING, STRING, INT], INT, (from, to, number) =>
      BigInt(enumAcross(rules, Number(number), named(from), named(to))),
    ),
  ];
}

// Relations of enums for expressions, beside their declarations.
import type { DescEnumValue } from "@bufbuild/protobuf";
import type { Scope } from "../../cel/index.ts";
import type { Ir } from "../../ir/ir.ts";
import type { Aliases } from "./value.ts";

export type EnumRelations = NonNullable<Scope["enums"]>;

export function enumRelations(ir: Ir, aliases: Pick<Aliases, "enum">): EnumRelations {
  const declared = new Map(
    ir.files.flatMap((file) => file.enums).map((irEnum) => [irEnum.desc.typeName, irEnum.values] as const),
  );
  return {
    converts: (from, to) => {
      const via = aliases.enum(from, to);
      return via && { fails: via.default === undefined };
    },
    texts: (desc) => {
      const found = new Map<DescEnumValue, string>();
      const numbers = new Set<number>();
      for (const { desc: value, text } of declared.get(desc.typeName) ?? []) {
        if (text === undefined || numbers.has(value.number)) continue;
        numbers.add(value.number);
        found.set(value, text.value);
      }
      return found.size === 0 ? undefined : found;
    },
  };
}

import type { DescEnum } from "@bufbuild/protobuf";
import { fault } from "../../diagnostic/diagnostic.ts";
import type { Conversion, ConvertedTarget, EnumConversion, MessageConversion } from "../../model/conversion.ts";
import { blocksOf } from "../../resolve/model/blocks.ts";
import type { Block, Model } from "../../resolve/model/model.ts";
import type { Check } from "../check.ts";

/** Reports copies of enums that cannot represent values that an upstream adds later. */
export const openEnums: Check = {
  rules: {
    BFF433:
      "A copy of an open upstream enum has a default for future values. Otherwise the first new value fails the whole response.",
  },
  run(model, report) {
    const reported = new Set<DescEnum>();
    for (const { from, owner, values, default: standard } of enumsRead(model)) {
      if (standard !== undefined || !from.open || reported.has(owner)) continue;
      const mapped = new Set(values.map((value) => value.from));
      if (from.values.some(({ number }) => !mapped.has(number))) continue; // that is BFF406
      reported.add(owner);
      const declared = model.ir.files.flatMap(({ enums }) => enums).find(({ desc }) => desc === owner);
      if (declared === undefined) continue;
      fault(report, "BFF433", declared.at, {
        message: `enum "${owner.typeName}" has no default: the first answer with a future value of "${from.typeName}" fails with INTERNAL`,
        hint: `mark one value, such as "${owner.values[0]?.name}", with [(bff.v1.enum_value).default = true]`,
      });
    }
  },
};

/** The conversions of enums, from upstreams, that fields and steps are made with. */
function enumsRead(model: Model): ReadonlySet<EnumConversion> {
  const enums = new Set<EnumConversion>();
  const messages = new Set<MessageConversion>();
  const visit = (conversion: Conversion): void => {
    switch (conversion.kind) {
      case "enum":
        if (conversion.via.to === conversion.via.owner) enums.add(conversion.via);
        return;
      case "message":
        if (conversion.via.to === conversion.via.owner) messages.add(conversion.via);
        return;
      case "list":
      case "map":
        visit(conversion.of);
        return;
    }
  };
  for (const block of blocksOf(model)) conversionsOf(block).forEach(visit);
  for (const { targets } of messages) for (const target of targets) copied(target).forEach(visit);
  return enums;
}

/** Returns the conversions of the fields of a copy from an upstream. */
function copied(target: ConvertedTarget): Conversion[] {
  switch (target.kind) {
    case "field":
      return [target.conversion];
    case "computed":
      return [target.bound.conversion];
    case "oneof":
      return target.members.map(({ conversion }) => conversion);
    case "message":
      return target.targets.flatMap(copied);
  }
}

function conversionsOf({ steps, targets }: Block): Conversion[] {
  const ofSteps = steps.flatMap(({ fallback, source }) => [
    ...(fallback === undefined ? [] : [fallback.conversion]),
    ...(source.kind === "switch"
      ? [...source.cases.map(({ value }) => value), ...(source.default === undefined ? [] : [source.default])].map(
          ({ conversion }) => conversion,
        )
      : []),
  ]);
  const ofFields = targets.flatMap((target) =>
    (target.kind === "field" ? [target] : target.members).flatMap(({ bound: { conversion, copy } }) =>
      copy === undefined ? [conversion] : [conversion, copy.conversion],
    ),
  );
  return [...ofSteps, ...ofFields];
}

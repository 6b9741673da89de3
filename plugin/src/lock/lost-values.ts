// Values of upstream enums that a new mapping leaves to the default of the BFF's enum.
import type { DescEnum, DescEnumValue } from "@bufbuild/protobuf";
import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import type { IrEnumValue } from "../ir/ir.ts";
import type { EnumConversion } from "../model/conversion.ts";
import type { Model } from "../resolve/model/model.ts";
import type { DriftContext } from "./drift.ts";

type Values = DescEnum["values"];

/**
 * Returns one warning for each enum of the BFF with upstream values that only its default maps.
 *
 * @param isNew reports whether the lock lacks the mapping
 */
export function lostValues(
  { ir, conversions }: Model,
  isNew: (conversion: EnumConversion) => boolean,
  locate: DriftContext["locate"],
): readonly Diagnostic[] {
  return ir.files.flatMap(({ enums }) =>
    enums.flatMap((declared) => {
      const standard = declared.values.find((value) => value.default?.value === true);
      const inward = conversions.enums.filter(({ to, owner }) => to === owner && owner === declared.desc);
      const lost = inward.flatMap((conversion) => {
        const values = isNew(conversion) ? withoutCounterpart(conversion) : [];
        return values.length === 0 ? [] : [{ conversion, values }];
      });
      const [value] = lost[0]?.values ?? [];
      if (standard === undefined || value === undefined) return [];
      const parts = lost.map(({ values }) => `${namesOf(values)} of "${values[0]?.parent.typeName}"`);
      return {
        code: "BFF569",
        severity: "warning",
        message: `enum "${declared.desc.typeName}" has nothing for ${parts.join(" and for ")}: clients see the default "${standard.desc.name}"`,
        at: declared.alias[lost[0]?.conversion.position ?? 0]?.at ?? declared.at,
        related: [{ at: locate(value), message: `"${value.name}" is declared here` }],
        hint: hintFor(
          standard,
          inward,
          lost.flatMap(({ values }) => values),
        ),
        derived: true, // A faulty name of another value may be meant for it.
      };
    }),
  );
}

const namesOf = (values: Values): string => values.map(({ name }) => name).join(", ");

/** Returns the values that nothing maps, without the upstream's 0 if the default is 0. */
function withoutCounterpart({ from, values, default: standard }: EnumConversion): Values {
  const mapped = new Set(values.map((value) => value.from));
  if (standard === 0) mapped.add(0);
  return distinct(from.values.filter(({ number }) => !mapped.has(number)));
}

/** Returns the first name of each number. */
const distinct = (values: Values): Values =>
  values.filter(({ number }, i) => values.findIndex((value) => value.number === number) === i);

function hintFor(standard: IrEnumValue, inward: readonly EnumConversion[], lost: Values): string {
  const name = (value: DescEnumValue): string => {
    const same = inward.filter(({ from }) => from.values.some((other) => other.name === value.name));
    return JSON.stringify(same.length > 1 ? `${value.parent.typeName}.${value.name}` : value.name);
  };
  const other = `add a value with [(bff.v1.enum_value).alias = ${lost[0] && name(lost[0])}]`;
  // A value with aliases no longer maps by name, and is sent to upstreams as the first alias.
  const kept =
    standard.alias.length > 0
      ? standard.alias.map(({ value }) => JSON.stringify(value))
      : inward.flatMap((conversion) => representedBy(standard, conversion).map(name));
  if (kept.length === 0 || standard.noAlias?.value === true) return other;
  const text = standard.text === undefined ? "" : ` text: ${JSON.stringify(standard.text.value)}`;
  const alias = [...new Set([...kept, ...lost.map(name)])].join(", ");
  return `if that is meant, write [(bff.v1.enum_value) = { default: true${text} alias: [${alias}] }] at "${standard.desc.name}", else ${other}`;
}

/** Returns the upstream values that the default represents by its name or as 0. */
function representedBy({ desc }: IrEnumValue, { from, values }: EnumConversion): Values {
  const isMapped = values.some((value) => value.from === 0);
  const zero = desc.number === 0 && !isMapped ? [0] : [];
  const numbers = new Set([...values.filter(({ to }) => to === desc.number).map((value) => value.from), ...zero]);
  return distinct(from.values.filter(({ number }) => numbers.has(number)));
}

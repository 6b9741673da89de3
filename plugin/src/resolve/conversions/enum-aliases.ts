// Enums that are copies: the value of an upstream's enum for each value.

import type { DescEnum } from "@bufbuild/protobuf";
import { caution, didYouMean, fault, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrEnum, IrEnumValue } from "../../ir/ir.ts";
import type { EnumConversion } from "../../model/conversion.ts";

/** Reports value options for upstream values in an enum that is no copy. */
export function checkUnaliased(declared: IrEnum, report: Report): void {
  for (const value of declared.values) {
    const [alias] = value.alias;
    const at = alias?.at ?? value.default?.at ?? value.noAlias?.at;
    if (at === undefined) continue;
    fault(report, "BFF430", at, {
      message: `"${value.desc.name}" has ${alias === undefined ? "a mapping" : "an alias"}, but "${declared.desc.name}" is not a copy of another enum`,
      hint: `add \`option (bff.v1.enum).alias = "…";\` to "${declared.desc.name}", or leave ${value.alias.length > 1 ? "them" : "it"} out`,
    });
  }
}

/** Returns the numbers of one upstream enum's values that a BFF value represents. */
function upstreamValues(
  value: IrEnumValue,
  upstreams: readonly DescEnum[],
  position: number,
  report: Report,
): number[] {
  const upstream = upstreams[position];
  if (upstream === undefined) return [];
  if (value.alias.length === 0) {
    const same = value.noAlias?.value ? undefined : named(upstream, value.desc.name);
    return same === undefined ? [] : [same];
  }
  return value.alias.flatMap((alias) => {
    const dot = alias.value.lastIndexOf(".");
    const short = alias.value.slice(dot + 1);
    const qualifier = dot < 0 ? undefined : alias.value.slice(0, dot);
    const meant = upstreams.filter(
      (candidate) => qualifier === undefined || `.${candidate.typeName}`.endsWith(`.${qualifier}`),
    );
    const found = meant.includes(upstream) ? named(upstream, short) : undefined;
    if (found !== undefined) return [found];
    if (meant.some((candidate) => named(candidate, short) !== undefined)) return [];
    // None of the upstreams has the value: the first one reports it once.
    if (position > 0) return [];
    const values = upstreams.flatMap((candidate) => candidate.values.map((known) => known.name));
    const like = didYouMean(short, values);
    fault(report, "BFF407", alias.at, {
      message: `enum "${upstream.typeName}" has no value "${alias.value}"`,
      hint: like === undefined ? `use one of: ${values.join(", ")}` : `did you mean "${like}"?`,
    });
    return [];
  });
}
const named = (desc: DescEnum, name: string): number | undefined =>
  desc.values.find((value) => value.name === name)?.number;

/** Converts an upstream's enum to the declared one. Reports values that do not fit. */
export function enumInward(
  declared: IrEnum,
  upstreams: readonly DescEnum[],
  position: number,
  report: Report,
): EnumConversion | undefined {
  const upstream = upstreams[position];
  if (upstream === undefined) return undefined;
  const values: { from: number; to: number }[] = [];
  const taken = new Map<number, IrEnumValue>();
  const defaults = declared.values.filter((value) => value.default?.value === true);
  const [standard, second] = defaults;
  if (second !== undefined && position === 0) {
    fault(report, "BFF408", second.default?.at ?? second.at, {
      message: `two default values in enum "${declared.desc.typeName}"`,
      related: standard === undefined ? [] : [{ at: standard.at, message: "the first default" }],
      hint: "keep one default",
    });
  }
  for (const value of declared.values) {
    for (const from of upstreamValues(value, upstreams, position, report)) {
      const before = taken.get(from);
      // Two names of one value (`allow_alias`) are one.
      if (before !== undefined && before.desc.number === value.desc.number) continue;
      if (before !== undefined) {
        fault(report, "BFF412", value.alias[0]?.at ?? value.at, {
          message: `"${upstream.values.find((candidate) => candidate.number === from)?.name}" of "${upstream.typeName}" is mapped twice`,
          related: [{ at: before.alias[0]?.at ?? before.at, message: "mapped here first" }],
          hint: "map each upstream value to one value",
        });
        continue;
      }
      taken.set(from, value);
      values.push({ from, to: value.desc.number });
    }
  }
  const lost = upstream.values.filter((value) => !taken.has(value.number));
  const known = new Set(upstreams.flatMap(({ values }) => values.map(({ name }) => name)));
  // A faulty alias may be meant for it.
  const isMisspelt = declared.values.some(({ alias }) =>
    alias.some(({ value }) => !known.has(value.slice(value.lastIndexOf(".") + 1))),
  );
  if (standard === undefined && lost.length > 0 && !isMisspelt) {
    fault(report, "BFF406", declared.at, {
      message: `enum "${declared.desc.typeName}" has nothing for ${lost.map((value) => value.name).join(", ")} of "${upstream.typeName}"`,
      hint: `${toMap(declared, lost)}, or mark one [(bff.v1.enum_value).default = true]`,
    });
  }
  if (position === 0 && (standard !== undefined || lost.length === 0)) checkCounterparts(declared, upstreams, report);
  return { from: upstream, to: declared.desc, owner: declared.desc, position, values, default: standard?.desc.number };
}

/**
 * Returns the hint for upstream values without a counterpart. A free value of the BFF with the same name but for a
 * prefix is the likely counterpart.
 */
function toMap({ values }: IrEnum, lost: DescEnum["values"]): string {
  const free = values.filter(({ alias }) => alias.length === 0);
  for (const { name } of lost) {
    const end = name.slice(name.indexOf("_"));
    const candidate = free.find(({ desc }) => desc.name.endsWith(name) || desc.name.endsWith(end));
    if (candidate !== undefined) return `give "${candidate.desc.name}" [(bff.v1.enum_value).alias = "${name}"]`;
  }
  return `add values with [(bff.v1.enum_value).alias = "${lost[0]?.name}"]`;
}

/**
 * Reports values without a counterpart in any upstream and without an option for that, because such values are usually
 * misspelt.
 */
function checkCounterparts(declared: IrEnum, upstreams: readonly DescEnum[], report: Report): void {
  const hasCounterpart = (value: IrEnumValue): boolean =>
    value.alias.length > 0 || upstreams.some((upstream) => named(upstream, value.desc.name) !== undefined);
  const taken = new Set(declared.values.flatMap(({ desc, alias }) => [desc.name, ...alias.map((text) => text.value)]));
  const free = upstreams
    .flatMap(({ values }) => values)
    .flatMap(({ name, number }) => (number === 0 || taken.has(name) ? [] : [name]));
  for (const value of declared.values) {
    if (hasCounterpart(value) || value.default?.value === true || value.noAlias?.value === true) continue;
    const like = didYouMean(value.desc.name, free) ?? free[0];
    const none = "add [(bff.v1.enum_value).no_alias = true]";
    caution(report, "BFF432", value.at, {
      message: `"${value.desc.name}" maps no value of "${upstreams.map(({ typeName }) => typeName).join('" or "')}"`,
      hint: like === undefined ? none : `add [(bff.v1.enum_value).alias = "${like}"], or ${none}`,
    });
  }
}

/** To the first of the upstreams. */
export function enumOutward(declared: IrEnum, upstreams: readonly DescEnum[]): EnumConversion | undefined {
  const [upstream] = upstreams;
  if (upstream === undefined) return undefined;
  const values = new Map<number, number>();
  for (const value of declared.values) {
    const [to] = upstreamValues(value, upstreams, 0, () => {});
    if (to !== undefined && !values.has(value.desc.number)) values.set(value.desc.number, to);
  }
  return {
    from: declared.desc,
    to: upstream,
    owner: declared.desc,
    position: 0,
    values: [...values].map(([from, to]) => ({ from, to })),
    default: undefined,
  };
}

import { type DescEnum, type DescEnumValue, getOption, hasOption } from "@bufbuild/protobuf";
import { enum$ as enumOption, enum_value as enumValueOption } from "@protobff/messages/options.js";
import { fault, type Report, type Text } from "../diagnostic/diagnostic.ts";
import type { IrEnum, IrEnumValue } from "../ir/ir.ts";
import type { Locator } from "./source/locate.ts";
import type { Place } from "./source/place.ts";
import { isEmpty } from "./steps/read-policy.ts";
import { checkReference, checkUnique } from "./values/names.ts";
import { sourced, texts } from "./values/values.ts";

export function readEnum(desc: DescEnum, locator: Locator, report: Report): IrEnum {
  const values = desc.values.map((value) => readEnumValue(value, locator, report));
  checkTexts(values, report);
  const at = locator.name(desc);
  if (!hasOption(desc, enumOption)) return { kind: "enum", desc, at, alias: [], values };
  const rule = getOption(desc, enumOption);
  const place = locator.rule(desc, enumOption);
  if (isEmpty(rule)) empty(place, report);
  return { kind: "enum", desc, at, alias: readAliases(rule.alias, place, "an enum", report), values };
}

function readEnumValue(desc: DescEnumValue, locator: Locator, report: Report): IrEnumValue {
  const at = locator.name(desc);
  if (!hasOption(desc, enumValueOption)) {
    return { kind: "enum_value", desc, at, alias: [], default: undefined, noAlias: undefined, text: undefined };
  }
  const rule = getOption(desc, enumValueOption);
  const place = locator.rule(desc, enumValueOption);
  if (isEmpty(rule)) empty(place, report);
  const value: IrEnumValue = {
    kind: "enum_value",
    desc,
    at,
    alias: readAliases(rule.alias, place, "an enum value", report),
    default: sourced(rule.default, place, "default"),
    noAlias: sourced(rule.noAlias, place, "no_alias"),
    text: sourced(rule.text, place, "text"),
  };
  const [alias] = value.alias;
  if (value.noAlias?.value === true && alias !== undefined) {
    fault(report, "BFF126", value.noAlias.at, {
      message: `the value "${desc.name}" has both an "alias" and "no_alias"`,
      related: [{ at: alias.at, message: "the alias" }],
      hint: "leave out one of them",
    });
  }
  return value;
}

/** All values have a text or none has. */
function checkTexts(values: readonly IrEnumValue[], report: Report): void {
  const first = values.find(({ text }) => text !== undefined);
  const without = values.find(({ text }) => text === undefined);
  if (first?.text === undefined || without === undefined) return;
  fault(report, "BFF149", without.at, {
    message: `the value "${without.desc.name}" has no text, and "${first.desc.name}" has one`,
    related: [{ at: first.text.at, message: "a text" }],
    hint: 'add [(bff.v1.enum_value).text = "…"] to the value; the text may be empty',
  });
}

function readAliases(values: readonly string[], place: Place, what: string, report: Report): readonly Text[] {
  const aliases = texts(values, place, "alias");
  for (const alias of aliases) checkReference(alias, what, report);
  checkUnique(aliases, "BFF130", (value) => `"${value}" is in the list twice`, "leave out one of them", report);
  return aliases;
}

function empty(place: Place, report: Report): void {
  fault(report, "BFF124", place.at, { message: "this rule sets no option", hint: "leave it out" });
}

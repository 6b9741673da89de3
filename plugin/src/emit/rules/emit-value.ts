// Checks of one field: its value, and the contents of a list or a map.

import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { is64Bit } from "../../model/is-64-bit.ts";
import type { CelRule, ElementRules, RuleText, ValueRules } from "../../model/rules.ts";
import { block, type Line, type Lines } from "../text/lines.ts";
import { violated } from "./emit-test.ts";
import { memberOf, unlikeZero } from "./presence.ts";
import { emitCel, type RuleNames } from "./rule-names.ts";

/** A value that is looked at. */
interface Looked {
  /** An expression that is as good as a name. */
  readonly raw: string;
  /** The same value as tests take it. */
  readonly value: string;
  /** Suffix of the field for a violation inside a list or a map: `, i`. */
  readonly at: string;
  readonly key: boolean;
}

/** Prints the checks of a field that is set. */
export function emitValue(field: DescField, rules: ElementRules, names: RuleNames): Lines {
  const raw = memberOf(field, "message");
  const lines = emitSingular(field, rules, { raw, value: plain(field, raw, true), at: "", key: false }, names);
  return [...lines, ...emitItems(field, rules, raw, names), ...emitEntries(field, rules, raw, names)];
}

function emitSingular(
  field: DescField,
  { cel, checks, predefined, nested }: ValueRules,
  { raw, value, at, key }: Looked,
  names: RuleNames,
): Lines {
  const failure = (rule: CelRule, of: string): Lines =>
    emitCel(rule, of, names, (message) => found(field, rule.rule, `${at}${textAfter(at, message)}`, key, names));
  const rows = [
    ...cel.flatMap((rule) => failure(rule, raw)),
    ...checks.map(
      ({ rule, test }): Line => ["if (", ...violated(test, value, names), ") ", ...found(field, rule, at, key, names)],
    ),
    ...predefined.flatMap((rule) => failure(rule, field.enum === undefined ? value : raw)),
  ];
  if (nested === undefined) return rows;
  return [
    ...rows,
    ["const before = found.count;"],
    [`${names.check(nested)}(${raw}, found);`],
    ["if (found.count > before) found.under(before, ", ...names.field(field), `${at});`],
  ];
}

/** Returns the argument for a custom text. It follows the place in a list or a map, or `undefined` without a place. */
function textAfter(at: string, message: string | undefined): string {
  return message === undefined ? "" : `${at === "" ? ", undefined" : ""}, ${message}`;
}

function found(field: DescField, rule: RuleText, at: string, key: boolean, names: RuleNames): Line {
  return [`found.${key ? "atKey" : "at"}(`, ...names.field(field), `, ${names.rule(rule)}${at});`];
}

function emitItems(field: DescField, { items }: ValueRules, raw: string, names: RuleNames): Lines {
  if (items === undefined) return [];
  const index = `${field.localName}Index`;
  const rows = unlessZero(
    field,
    items,
    "item",
    emitSingular(field, items, { raw: "item", value: plain(field, "item"), at: `, ${index}`, key: false }, names),
  );
  return [
    [`let ${index} = 0;`],
    ...block([`for (const item of ${raw}) {`], [...rows, ["if (found.full) return;"], [`${index}++;`]], ["}"]),
  ];
}

function emitEntries(field: DescField, { keys, values }: ValueRules, raw: string, names: RuleNames): Lines {
  if (field.fieldKind !== "map" || (keys ?? values) === undefined) return [];
  const key = keyOf(field.mapKey);
  const ofKey = keys && emitSingular(field, keys, { raw: key, value: key, at: ", key", key: true }, names);
  const ofValue =
    values &&
    emitSingular(field, values, { raw: "value", value: plain(field, "value"), at: ", key", key: false }, names);
  const rows = [
    ...(keys && ofKey ? unlessZero({ enum: undefined, scalar: field.mapKey }, keys, key, ofKey) : []),
    ...(values && ofValue ? unlessZero(field, values, "value", ofValue) : []),
    ["if (found.full) return;"],
  ];
  const open =
    values === undefined
      ? `for (const key of Object.keys(${raw})) {`
      : `for (const [key, value] of Object.entries(${raw})) {`;
  return block([open], rows, ["}"]);
}

function unlessZero(field: Pick<DescField, "enum" | "scalar">, rules: ElementRules, value: string, rows: Lines): Lines {
  return rules.unlessZero && rows.length > 0 ? block([`if (${unlikeZero(field, value)}) {`], rows, ["}"]) : rows;
}

/** A key of a map, which protobuf-es has as a property. */
function keyOf(scalar: ScalarType): string {
  switch (scalar) {
    case ScalarType.STRING:
      return "key";
    case ScalarType.BOOL:
      return '(key === "true")';
    default:
      return is64Bit(scalar) ? "BigInt(key)" : "Number(key)";
  }
}

/**
 * Returns a value as tests take it: numbers of enums, 64-bit integers as `bigint`, the contents of a wrapper. `own`:
 * the value of a field, not of its items.
 */
function plain(field: DescField, raw: string, inField = false): string {
  if (inField && (field.fieldKind === "list" || field.fieldKind === "map")) return raw;
  if (field.enum !== undefined) return `(${raw} as number)`;
  if (field.message !== undefined) {
    const bare = inField && field.oneof === undefined;
    return isWrapperDesc(field.message) && !bare ? `${raw}.value` : raw;
  }
  return "longAsString" in field && field.longAsString === true ? `BigInt(${raw})` : raw;
}

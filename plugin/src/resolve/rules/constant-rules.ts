// The rules that an upstream declares of a field, for constants that calls set.
import { type DescField, getOption, hasOption, ScalarType } from "@bufbuild/protobuf";
import {
  type FieldRules,
  FieldRulesSchema,
  field as fieldRules,
  Ignore,
} from "@protobff/messages/buf/validate/validate_pb.js";
import type { Place } from "../../diagnostic/diagnostic.ts";
import type { RuleCheck, Scalar } from "../../model/rules.ts";
import { checksOf } from "./checks.ts";
import { kindOf } from "./rule-kinds.ts";
import { RuleSettings } from "./rule-settings.ts";
import { keeps } from "./static-test.ts";

/**
 * Returns the first standard rule of a field that a constant breaks. Patterns and formats are not evaluated.
 *
 * @param element true if the constant is an element of the field, a list
 */
export function brokenRule(field: DescField, constant: Scalar, element: boolean): RuleCheck | undefined {
  if (!hasOption(field, fieldRules)) return undefined;
  const whole = getOption(field, fieldRules);
  const rules = element ? itemsOf(whole) : whole;
  if (rules === undefined || rules.ignore === Ignore.ALWAYS) return undefined;
  const value = asHeld(field, constant);
  if (rules.ignore === Ignore.IF_ZERO_VALUE && !value) return undefined;
  const { type } = rules;
  const kind = kindOf(field, element ? "value" : undefined);
  const rule = FieldRulesSchema.fields.find(({ localName }) => localName === type.case);
  if (type.case === undefined || rule?.message === undefined || rule.name !== kind) return undefined;
  const checks = checksOf(kind, new RuleSettings(rule.message, type.value, NOWHERE, []), field);
  return checks.find(({ test }) => !keeps(test, value));
}

const itemsOf = ({ ignore, type }: FieldRules): FieldRules | undefined =>
  ignore !== Ignore.ALWAYS && type.case === "repeated" ? type.value.items : undefined;

/** Converts an integer of an expression, a bigint, to the number that fields and rules of small integers use. */
function asHeld({ scalar }: DescField, value: Scalar): Scalar {
  if (typeof value !== "bigint") return value;
  return scalar !== undefined && LARGE.has(scalar) ? value : Number(value);
}
const LARGE: ReadonlySet<ScalarType> = new Set([
  ...[ScalarType.INT64, ScalarType.UINT64, ScalarType.SINT64],
  ...[ScalarType.FIXED64, ScalarType.SFIXED64],
]);

/** A placeholder, because no diagnostic needs the place of these rules. */
const AT = { file: "", line: 0, column: 0, endLine: 0, endColumn: 0 };
const NOWHERE: Place = { at: AT, field: () => NOWHERE, text: (value) => ({ value, at: AT, place: () => AT }) };

// Rules of a request: their number, and each rule as clients receive it.

import type { CelRule, RuledMessage, ValueRules } from "../../model/rules.ts";
import type { PlanRuledMessage } from "../../plan/model/rules.ts";
import { defined } from "../../text/json-member.ts";

/** All rules for a request. */
export interface RulesReport {
  readonly rules: number;
  /** The request and the messages inside of it that are checked. */
  readonly messages: readonly string[];
  /** Each, in the order of the messages and their fields. */
  readonly entries: readonly RuleReport[];
}
/** One rule of protovalidate. */
export interface RuleReport {
  /**
   * `shop.v1.GetRequest`, `shop.v1.GetRequest.id`; with the suffix `[]`: each item; `[key]`, `[value]`: each of a map.
   */
  readonly of: string;
  /** `string.min_len`, `required`, the id of a rule in CEL. */
  readonly rule: string;
  /** Text for clients. */
  readonly message?: string;
  readonly cel?: string;
  /** Value of a predefined rule. */
  readonly is?: string;
  /** True if the rule is not checked for a zero value. */
  readonly unless_zero?: true;
}

export function rulesReport({ inside }: PlanRuledMessage): RulesReport {
  const rules = inside.flatMap(rulesOf);
  return {
    rules: rules.length,
    messages: inside.map(({ desc }) => desc.typeName),
    entries: rules,
  };
}

export function rulesText(planned: PlanRuledMessage): string {
  const { rules, messages } = rulesReport(planned);
  return `validated: ${rules} ${rules === 1 ? "rule" : "rules"}, of ${messages.join(", ")}`;
}

function rulesOf({ desc, cel, groups, oneofs, fields }: RuledMessage): readonly RuleReport[] {
  const of = desc.typeName;
  return [
    ...cel.map((rule) => celReport(of, rule)),
    ...groups.map(({ fields: members, required }) => ({
      of,
      rule: "message.oneof",
      message: `${required ? "exactly" : "at most"} one of ${members.map(({ name }) => name).join(", ")}`,
    })),
    ...oneofs.map(({ name }) => ({ of: `${of}.${name}`, rule: "required" })),
    ...fields.flatMap(({ field, required, value }) => [
      ...(required ? [{ of: `${of}.${field.name}`, rule: "required" }] : []),
      ...valueReports(`${of}.${field.name}`, value),
    ]),
  ];
}

function valueReports(of: string, value: (ValueRules & { readonly unlessZero?: boolean }) | undefined): RuleReport[] {
  if (value === undefined) return [];
  const unless = value.unlessZero === true ? { unless_zero: true as const } : {};
  return [
    ...value.checks.map(({ rule: { id, message } }) => ({ of, rule: id, message, ...unless })),
    ...[...value.cel, ...value.predefined].map((rule) => ({ ...celReport(of, rule), ...unless })),
    ...valueReports(`${of}[]`, value.items),
    ...valueReports(`${of}[key]`, value.keys),
    ...valueReports(`${of}[value]`, value.values),
  ];
}

const celReport = (of: string, { rule: { id, message }, expression, is }: CelRule): RuleReport => ({
  of,
  rule: id,
  ...(message !== "" && { message }),
  cel: expression.text.value,
  ...defined("is", is),
});

// What is checked of a request, counted.
import type { RuledMessage, ValueRules } from "../resolve/model/rules.ts";
import type { PlanRuledMessage } from "./plan-rules.ts";

export interface RulesReport {
  readonly rules: number;
  /** The request and the messages inside of it that are checked. */
  readonly messages: readonly string[];
}

export function rulesReport({ inside }: PlanRuledMessage): RulesReport {
  return {
    rules: inside.reduce((sum, message) => sum + countOf(message), 0),
    messages: inside.map(({ desc }) => desc.typeName),
  };
}

export function rulesText(planned: PlanRuledMessage): string {
  const { rules, messages } = rulesReport(planned);
  return `validated: ${rules} ${rules === 1 ? "rule" : "rules"}, of ${messages.join(", ")}`;
}

function countOf({ cel, groups, oneofs, fields }: RuledMessage): number {
  const own = cel.length + groups.length + oneofs.length;
  return fields.reduce((sum, { required, value }) => sum + Number(required) + inValue(value), own);
}

function inValue(value: ValueRules | undefined): number {
  if (value === undefined) return 0;
  const { cel, checks, items, keys, values } = value;
  return cel.length + checks.length + inValue(items) + inValue(keys) + inValue(values);
}

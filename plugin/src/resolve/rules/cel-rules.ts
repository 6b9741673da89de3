// Rules in CEL, as they are declared.
import { type FieldRules, FieldRulesSchema } from "../../gen/buf/validate/validate_pb.ts";
import type { Place } from "../../origin.ts";
import type { CelRule, RuleStep } from "../model/rules.ts";

/** `cel` and `cel_expression` of a field or an element (`path` leads to its FieldRules), or of a message. */
export function celOf(
  { cel, celExpression }: Pick<FieldRules, "cel" | "celExpression">,
  place: Place,
  path: readonly RuleStep[] | undefined,
): readonly CelRule[] {
  const steps = (name: "cel" | "celExpression", index: number): readonly RuleStep[] => {
    const field = FieldRulesSchema.field[name];
    return path === undefined ? [] : [...path, [field.name, field.number, field.proto.type, index]];
  };
  return [
    ...cel.map(({ id, message, expression }, index) => ({
      rule: { id, message, path: steps("cel", index) },
      expression: place.field("cel", index).field("expression").text(expression),
    })),
    ...celExpression.map((expression, index) => ({
      rule: { id: expression, message: "", path: steps("celExpression", index) },
      expression: place.field("cel_expression", index).text(expression),
    })),
  ];
}

import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { FieldRulesSchema } from "@protobff/messages/buf/validate/validate_pb.js";
import type { RuleStep } from "../../model/rules.ts";

/** The steps from FieldRules to rules inside of them: `repeated`, `items`. */
export function ruleSteps(...names: readonly string[]): readonly RuleStep[] {
  const steps: RuleStep[] = [];
  let desc: DescMessage | undefined = FieldRulesSchema;
  for (const name of names) {
    const field: DescField | undefined = desc?.fields.find((candidate) => candidate.name === name);
    if (field === undefined) throw new Error(`buf.validate.FieldRules has no ${names.join(".")}`);
    steps.push([field.name, field.number, field.proto.type]);
    desc = field.message;
  }
  return steps;
}

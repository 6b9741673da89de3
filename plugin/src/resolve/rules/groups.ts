import type { DescField } from "@bufbuild/protobuf";
import type { IrMessageRules } from "../../ir/edge.ts";
import type { RuledGroup } from "../../model/rules.ts";
import type { RuleFaults } from "./rule-faults.ts";

/** `(buf.validate.message).oneof`. */
export function groupsOf({ desc, message }: IrMessageRules, faults: RuleFaults): readonly RuledGroup[] {
  if (message === undefined) return [];
  return message.value.oneof.map((rule, index) => {
    const place = message.place.field("oneof", index);
    const fields = new Set<DescField>();
    if (rule.fields.length === 0) faults.emptyGroup(desc, place.at);
    for (const [i, name] of rule.fields.entries()) {
      const field = desc.fields.find((candidate) => candidate.name === name);
      const { at } = place.field("fields", i);
      if (field === undefined) faults.noSuchField(desc, name, at);
      else if (fields.has(field)) faults.twice(name, at);
      else fields.add(field);
    }
    return { fields: [...fields], required: rule.required };
  });
}

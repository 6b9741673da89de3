import { type DescMessage, hasOption } from "@bufbuild/protobuf";
import { type FieldRules, field, message, oneof } from "@protobff/messages/buf/validate/validate_pb.js";
import { caution, fault, type Place, type Report } from "../../diagnostic/diagnostic.ts";
import { reachable } from "../../graph/graph.ts";
import type { Model } from "../../resolve/model/model.ts";
import type { Check } from "../check.ts";

export const uniqueMessages: Check = { rules: {}, run: checkUniqueMessages };

/** Reports `unique` on messages: it applies to values, and two messages are never equal. */
function checkUniqueMessages({ rules }: Model, report: Report): void {
  for (const { fields } of rules.values())
    for (const { field: list, value } of fields)
      for (const { at, test } of value?.checks ?? []) {
        if (test.kind !== "unique" || list.message === undefined) continue;
        fault(report, "BFF250", at, {
          message: `\`unique\` does not fit "${list.name}", which contains messages`,
          hint: "leave it out; a rule in CEL can compare single fields of the messages",
        });
      }
}

/** Reports rules and `validate` without effect. */
export const idleRules: Check = {
  rules: {
    BFF545:
      "A rule of `buf.validate` restricts values. `required` restricts nothing in a list or a map, where every value is set.",
    BFF547: "`validate` needs rules of `buf.validate` in the request of the rpc, or in a message inside it.",
  },
  run(model, report) {
    for (const { fields } of model.ir.rules.values())
      for (const { value, place } of fields.values()) checkElements(value, place, report);
    for (const { services } of model.files)
      for (const { methods } of services)
        for (const { ir } of methods) {
          if (ir.validate === undefined || reachable([ir.desc.input], inside).some(isRuled)) continue;
          caution(report, "BFF547", ir.validate.at, {
            message: `\`validate\` changes nothing: "${ir.desc.input.name}" has no rules of buf.validate`,
            hint: "leave it out",
          });
        }
  },
};

/** Reports `required` on elements: contents of a list or a map are always set. */
function checkElements(fieldRules: FieldRules, place: Place, report: Report): void {
  for (const [kind, part, rules] of partRules(fieldRules)) {
    if (rules?.required !== true) continue;
    caution(report, "BFF545", place.field(kind).field(part).field("required").at, {
      message: `\`required\` changes nothing in \`${part}\`: every value in a ${kind === "map" ? "map" : "list"} is set`,
      hint: "leave it out, or write another rule, as in `string.min_len: 1`",
    });
  }
}

type PartRules = readonly [kind: string, part: string, rules: FieldRules | undefined];

/** Returns the rules for the elements of a list, or for the keys and the values of a map. */
function partRules({ type }: FieldRules): readonly PartRules[] {
  if (type.case === "repeated") return [["repeated", "items", type.value.items]];
  if (type.case !== "map") return [];
  return [
    ["map", "keys", type.value.keys],
    ["map", "values", type.value.values],
  ];
}

const inside = (desc: DescMessage): DescMessage[] => desc.fields.flatMap((member) => member.message ?? []);
const isRuled = (desc: DescMessage): boolean =>
  hasOption(desc, message) ||
  desc.fields.some((member) => hasOption(member, field)) ||
  desc.oneofs.some((group) => hasOption(group, oneof));

import type { Expression } from "../../cel/index.ts";
import { caution } from "../../diagnostic/diagnostic.ts";
import { declaredMessages } from "../../resolve/model/blocks.ts";
import type { Check } from "../check.ts";

/** Members of a oneof are tried in their order: after one that always has a value none is chosen. */
export const oneofMembers: Check = {
  rules: {
    BFF611:
      "Each member of a oneof is reachable. Members are tried in order, and a member that always has a value hides the next ones.",
  },
  run(model, report) {
    for (const message of declaredMessages(model)) {
      const places = new Map(message.ir.fields.map((field) => [field.desc, field.at]));
      for (const target of message.targets) {
        if (target.kind === "field") continue;
        const always = target.members.findIndex((member) => !member.default && takesAll(member));
        const first = target.members[always];
        const never = target.members.find((member, i) => member !== first && (i > always || member.default));
        if (first === undefined || never === undefined) continue;
        caution(report, "BFF611", places.get(never.field) ?? message.ir.at, {
          message: `"${never.field.name}" is never chosen: "${first.field.name}" always has a value`,
          related: [{ at: places.get(first.field) ?? message.ir.at, message: "this member is tried first" }],
          hint: `add an \`if\` to "${first.field.name}"`,
        });
      }
    }
  },
};

function takesAll({
  if: condition,
  bound,
}: {
  readonly if: Expression | undefined;
  readonly bound: { readonly expression: Expression };
}): boolean {
  const { unsafe, mayBeUnset, type } = bound.expression;
  if (condition !== undefined || unsafe.length > 0 || mayBeUnset) return false;
  return (
    type.kind !== "optional" &&
    type.kind !== "wrapper" &&
    type.kind !== "null" &&
    !(type.kind === "message" && type.nullable)
  );
}

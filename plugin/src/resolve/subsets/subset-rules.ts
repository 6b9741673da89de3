// Rules for aliases of composed messages.
import type { Origin, Report } from "../../diagnostic/diagnostic.ts";
import type { IrMessage, IrSubset } from "../../ir/ir.ts";

/** Reports faults of an alias of a composed message. Returns what can still be composed, without further faults. */
export function checkSubset(message: IrMessage, subset: IrSubset, report: Report): IrSubset {
  const { of, alias } = subset;
  const name = `"${of.desc.typeName}"`;
  const fault = (text: string, at: Origin, hint: string, related: { at: Origin; message: string }): void =>
    report({ code: "BFF437", severity: "error", message: text, at, related: [related], hint });
  const nothing = { ...subset, of: { ...of, steps: [], fields: [], resolver: undefined } };
  if (of.resolver !== undefined) {
    fault(
      `"${message.desc.name}" is an alias of ${name}, which a resolver supplies as a whole`,
      alias.at,
      `bind its fields with \`by\`, or compose ${name} itself`,
      { at: of.resolver.at, message: "the resolver" },
    );
    return nothing;
  }
  const others = [message.alias, ...message.otherAliases].filter((other) => other !== undefined && other !== alias);
  const [other] = others;
  if (other !== undefined) {
    fault(
      `"${message.desc.name}" is an alias of ${name}, which is composed, and of another message`,
      other.at,
      "leave out one of the two, or declare a message for each",
      { at: alias.at, message: "the composed message" },
    );
    return nothing;
  }
  checkSources(message, subset, report);
  checkOneofs(message, subset, report);
  return subset;
}

/** Reports fields with a source. It could read fields that the composed message lacks. */
export function checkSources(
  { desc: copy, fields }: IrMessage,
  { of, alias }: Pick<IrSubset, "of" | "alias">,
  report: Report,
): void {
  const name = `"${of.desc.typeName}"`;
  const related = [{ at: alias.at, message: "the composed message" }];
  for (const { desc, by } of fields)
    if (by !== undefined)
      report({
        code: "BFF437",
        severity: "error",
        message: `"${desc.name}" has a \`by\`, but "${copy.name}" is an alias of ${name}, which is composed`,
        at: by.at,
        related,
        hint: `leave it out, and bind a field of ${name} instead`,
      });
}

/** Reports members of a oneof that are taken apart: the composed message chooses one of all. */
function checkOneofs(message: IrMessage, { of }: IrSubset, report: Report): void {
  const theirs = new Map<string | undefined, string>();
  const ours = new Map<string | undefined, string>();
  for (const field of message.fields) {
    const source = of.fields.find(({ desc }) => desc.name === (field.alias?.value ?? field.desc.name));
    if (source === undefined || field.by !== undefined) continue;
    const [here, there] = [field.desc.oneof?.name, source.desc.oneof?.name];
    if (here === undefined && there === undefined) continue;
    const together =
      here !== undefined &&
      there !== undefined &&
      (theirs.get(here) ?? there) === there &&
      (ours.get(there) ?? here) === here;
    if (together) {
      theirs.set(here, there);
      ours.set(there, here);
      continue;
    }
    report({
      code: "BFF438",
      severity: "error",
      message:
        there === undefined
          ? `"${field.desc.name}" is a member of the oneof "${here}", but of none in "${of.desc.typeName}"`
          : `"${field.desc.name}" is not with the other members of the oneof "${there}" of "${of.desc.typeName}"`,
      at: field.at,
      related: [{ at: source.at, message: "the field that it copies" }],
      hint: there === undefined ? "take it out of the oneof" : `declare the members of "${there}" in one oneof`,
    });
  }
}

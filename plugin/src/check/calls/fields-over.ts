// Fields that have no value if a step has none.
import type { DescField } from "@bufbuild/protobuf";
import { Edition } from "@bufbuild/protobuf/wkt";
import type { Variable } from "../../cel/index.ts";
import { canBeAbsent } from "../../model/conversion.ts";
import { type AnyBlock, composesOf, messagesByName } from "../../resolve/model/blocks.ts";
import type { Block, Composed, Model, Step } from "../../resolve/model/model.ts";
import { stepExpressions } from "../check.ts";

/** Returns the fields of all messages that are unset if a step of the block has no value, in order of discovery. */
export function fieldsOver(model: Model, block: AnyBlock, step: Step): readonly DescField[] {
  const byName = messagesByName(model.messages);
  const fields = new Set<DescField>();
  const seen = new Set<Variable>();
  const open = readersOf(model, block, step);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { block: reader, variable } = next;
    if (seen.has(variable)) continue;
    seen.add(variable);
    for (const target of reader.targets)
      if (target.kind === "field" && target.bound.expression.unsafe.includes(variable)) fields.add(target.field);
    for (const later of reader.steps) {
      if (later.variable !== undefined && later.absent && reads(later, variable))
        open.push({ block: reader, variable: later.variable });
      open.push(...argumentsOf(later, variable, byName));
    }
  }
  return [...fields];
}

interface Reader {
  readonly block: Pick<Block, "steps" | "targets">;
  readonly variable: Variable;
}

/** Returns the step in its own block, and the shared steps of messages that represent it. */
function readersOf({ messages }: Model, block: AnyBlock, step: Step): Reader[] {
  const found: Reader[] = step.variable === undefined ? [] : [{ block, variable: step.variable }];
  if (block.kind === "opening") {
    const message = messages.find(({ desc }) => desc === block.desc);
    if (message !== undefined && step.variable !== undefined) found.push({ block: message, variable: step.variable });
  }
  if (block.kind !== "let") return found;
  for (const message of messages)
    for (const { source, variable } of message.shared)
      if (variable !== undefined && source.kind === "shared" && source.of.includes(step))
        found.push({ block: message, variable });
  return found;
}

function reads(step: Step, variable: Variable): boolean {
  const args = new Set(composesOf(step.source).flatMap(({ args }) => args.map(({ by }) => by)));
  return stepExpressions(step).some((expression) => !args.has(expression) && expression.unsafe.includes(variable));
}

/** Returns the arguments of composed messages that have no value without the variable. */
function argumentsOf(step: Step, variable: Variable, byName: ReadonlyMap<string, Composed>): Reader[] {
  return composesOf(step.source).flatMap(({ message, args }) => {
    const block = byName.get(message.typeName);
    return args.flatMap(({ name, by }): Reader[] => {
      const member = block?.args.members.find((arg) => arg.name === name)?.variable;
      return block === undefined || member === undefined || !by.unsafe.includes(variable)
        ? []
        : [{ block, variable: member }];
    });
  });
}

/** Returns true if the declaration shows that a field may be without a value. */
export function isDeclaredOptional(field: DescField): boolean {
  if (field.fieldKind === "list" || field.fieldKind === "map") return false;
  return field.parent.file.edition === Edition.EDITION_PROTO3 ? field.proto.proto3Optional : canBeAbsent(field);
}

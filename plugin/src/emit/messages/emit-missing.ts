// Marks of missing fields, for expressions that read the composed message.
import { undecidedBy, type Variable } from "../../cel/index.ts";
import type { Target } from "../../model/conversion.ts";
import type { PlanMessage } from "../../plan/model/messages.ts";
import type { MessageNames } from "../names/message-names.ts";
import { anyOf, type Line, type Lines } from "../text/lines.ts";
import { absentTest, joinedBy } from "../values/absence.ts";
import { conjunct } from "../values/value.ts";

/** A field, with a test that it is missing. */
interface Mark {
  readonly field: string;
  readonly test: Line;
}

/** Prints `if (price === undefined) cel.leaveMissing(product, "price");` for each field with readers. */
export const emitMarks = (message: PlanMessage, names: MessageNames): Lines =>
  message.composed.targets.flatMap((target) =>
    marksOf(target, message, names).map(
      ({ field, test }): Line => [
        "if (",
        ...test,
        ") ",
        names.runtime("leaveMissing"),
        `(${names.result}, ${JSON.stringify(field)});`,
      ],
    ),
  );

function marksOf(target: Target, message: PlanMessage, names: MessageNames): Mark[] {
  const absent = (variables: readonly Variable[]): Line =>
    joinedBy(
      " || ",
      variables.map((variable) => absentTest(variable, names)),
    );
  const kept = (field: string): readonly Line[] =>
    message.keptFor === undefined ? [] : [[anyOf([field], names.fields)]];
  if (target.kind === "field") {
    const { field, bound } = target;
    if (!message.marked.has(field) || bound.expression.unsafe.length === 0) return [];
    return [{ field: field.name, test: allOf([...kept(field.name), absent(bound.expression.unsafe)]) }];
  }
  return target.members.flatMap(({ field, bound, left, if: condition }): Mark[] => {
    if (left || !message.marked.has(field)) return [];
    const { unsafe } = bound.expression;
    const unset: Line = [`${names.result}.${target.oneof.localName}.case === undefined`];
    const chosen = condition === undefined ? [] : [conjunct(condition, names)];
    const undecided = undecidedBy(condition);
    const tests = [
      ...(undecided.length === 0 ? [] : [absent(undecided)]),
      ...(unsafe.length === 0 ? [] : [allOf([...chosen, absent(unsafe)])]),
    ];
    return tests.map((test) => ({ field: field.name, test: allOf([...kept(field.name), unset, test]) }));
  });
}

/** Joins tests, of which the last one may be an `||`. */
function allOf(tests: readonly Line[]): Line {
  const last = tests.at(-1) ?? [];
  if (tests.length < 2) return last;
  return [...joinedBy(" && ", tests.slice(0, -1)), " && (", ...last, ")"];
}

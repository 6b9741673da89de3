// Touches: effects of failures on a response.
import type { DescField } from "@bufbuild/protobuf";
import { type Expression, isInherited, presenceOf, undecidedBy, type Variable } from "../../cel/index.ts";
import type { OneofTarget, Target } from "../../model/conversion.ts";
import type { PlanMessage } from "../../plan/model/messages.ts";
import type { MessageNames } from "../names/message-names.ts";
import { type Hoisted, originPrint } from "../steps/step-context.ts";
import { anyOf, type Line, type Lines } from "../text/lines.ts";
import { absentTest, joinedBy, presentTest } from "../values/absence.ts";
import { conjunct, fieldValue, negatedConjunct } from "../values/value.ts";

/** @param holder the object with the field's value: the response, or the fields of a part */
export function emitTouch(
  touch: PlanMessage["touches"][number],
  message: PlanMessage,
  names: MessageNames,
  hoisted: Hoisted,
  holder = names.result,
): Line {
  const printed = touchPrint(touch, message, names, hoisted, holder);
  return message.keptFor === undefined ? printed : [`if (${anyOf([touch.field], names.fields)}) `, ...printed];
}

function touchPrint(
  touch: PlanMessage["touches"][number],
  message: PlanMessage,
  names: MessageNames,
  hoisted: Hoisted,
  holder: string,
): Line {
  const target = touch.target.kind === "resolved" ? undefined : message.composed.targets[touch.target.index];
  const { result } = names;
  let present: Line = ["true"];
  let condition: Line = [];
  if (touch.target.kind === "resolved") return emitTouchOfResolved(touch, touch.target.field, names, hoisted);
  if (target?.kind === "field") {
    const { field, bound } = target;
    const unsafe = bound.expression.unsafe.map((variable) => presentTest(variable, names));
    if (field.fieldKind === "list" || field.fieldKind === "map")
      present = unsafe.length === 0 ? ["true"] : joinedBy(" && ", unsafe);
    else if (unsafe.length > 0 || canBeUnset(bound.expression))
      switch (isInherited(field) ? "default" : presenceOf(field)) {
        case "optional":
          present = [`${holder}.${field.localName} !== undefined`];
          break;
        case "default":
          present = [
            names.runtime("isFieldSet"),
            holder === result ? `(${result}, ` : `({ ...${result}, ...${holder} }, `,
            names.schema(field.parent),
            `.field.${field.localName})`,
          ];
      }
  } else if (target?.kind === "oneof" && touch.target.kind === "member") {
    const { member: index, held } = touch.target;
    const member = target.members[index];
    const chosen = (of: OneofTarget["members"][number], equal = "==="): string =>
      `${holder}.${target.oneof.localName}.case ${equal} ${JSON.stringify(of.field.localName)}`;
    // A member whose `if` holds is chosen, even if its value is absent.
    const maybeUnset = (of: OneofTarget["members"][number]): boolean =>
      of.left === true || fieldValue(of.bound, of.field, names).mayBeUndefined;
    const before = target.members.filter(
      (other, i) => other !== member && !other.default && (member?.default || i < index),
    );
    const tests = before.map((other): Line => {
      if (other.if !== undefined && maybeUnset(other)) return negatedConjunct(other.if, names);
      if (!other.left) return [chosen(other, "!==")];
      return ["(", ...fieldValue(other.bound, other.field, names).print, ") === undefined"];
    });
    if (member !== undefined) {
      present = [chosen(member)];
      if (held === false && member.if !== undefined) tests.push(negatedConjunct(member.if, names));
      if (held === true && member.if !== undefined)
        tests.push(maybeUnset(member) ? conjunct(member.if, names) : [chosen(member)]);
    }
    if (tests.length > 0)
      condition = ["if (", ...tests.flatMap((test, i) => (i === 0 ? test : [" && ", ...test])), ") "];
  }
  const origins = touch.origins.flatMap((origin): Line => [", ", ...originPrint(origin, hoisted, names)]);
  return [...condition, `cx.touched(${result}, ${JSON.stringify(touch.field)}, `, ...present, ...origins, ");"];
}
/** A field of a message that a resolver supplies: it has a value when the function gave one. */
function emitTouchOfResolved(
  touch: PlanMessage["touches"][number],
  field: DescField,
  names: MessageNames,
  hoisted: Hoisted,
): Line {
  const { result } = names;
  const origins = touch.origins.flatMap((origin): Line => [", ", ...originPrint(origin, hoisted, names)]);
  const touched = (present: Line): Line => [
    `cx.touched(${result}, ${JSON.stringify(touch.field)}, `,
    ...present,
    ...origins,
    ");",
  ];
  switch (isInherited(field) ? "default" : presenceOf(field)) {
    case "oneof":
      return [
        `if (${result}.${field.oneof?.localName}.case === ${JSON.stringify(field.localName)}) `,
        ...touched(["true"]),
      ];
    case "optional":
      return touched([`${result}.${field.localName} !== undefined`]);
    case "default":
      return touched([
        names.runtime("isFieldSet"),
        `(${result}, `,
        names.schema(field.parent),
        `.field.${field.localName})`,
      ]);
    default:
      return touched(["true"]);
  }
}
function canBeUnset(expression: Expression): boolean {
  return (
    (expression.path && expression.mayBeUnset) ||
    expression.type.kind === "optional" ||
    expression.type.kind === "wrapper"
  );
}

// Marks of missing fields, for expressions that read the composed message.

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

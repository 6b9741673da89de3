import type { CallAst } from "../syntax/ast.ts";
import { factsOf, gapsOf } from "../types/facts/facts.ts";
import { sameType } from "../types/forms/assignable.ts";
import { anyFails, joinProtos } from "../types/forms/join.ts";
import { comparable } from "../types/functions/resolve-call.ts";
import { holdsError, NO_VALUE } from "../types/model/error-type.ts";
import type { CelType, Node, Variable } from "../types/model/type.ts";
import { nullMeetsOptional } from "../types/model/type-variables.ts";
import { checkOkField } from "./absence/missing-fields.ts";
import { type CelPlace, type Checker, describeCall } from "./checker.ts";
import { checkSameEnums } from "./different-enums.ts";
import { NO_NULL } from "./literal.ts";
import { unknownName } from "./name.ts";
import { giveIfSet } from "./presence-hint.ts";

const BOOL: CelType = { kind: "bool" };
const DYN: CelType = { kind: "dyn" };

const MAY_BE_ABSENT: ReadonlySet<Variable["role"]> = new Set(["step", "arg", "principal"]);

/** Checks `ok(step)`, which is true if the step has a value. */
export function checkOk(checker: Checker, ast: CallAst, place: CelPlace): Node | undefined {
  const [arg] = ast.args;
  const wrong = (hint?: string, derived = false) =>
    checker.complain("BFF308", arg ?? ast, "`ok` takes the name of a step or an argument", hint, { derived });
  if (arg === undefined || ast.args.length !== 1) return wrong();
  let variable: Variable | undefined;
  if (arg.kind === "ident") {
    variable = checker.variable(arg.name, place);
    if (variable === undefined) return unknownName(checker, arg, arg.name, place);
  } else if (arg.kind === "select") {
    const group = checker.group(arg.of, place);
    if (group?.type.kind === "struct") {
      variable = group.type.members.get(arg.field);
      // The check of a plain expression reports the fault.
      if (variable === undefined) return checker.check(arg, place);
    } else {
      const tested = checkOkField(checker, ast, arg, place);
      if (typeof tested !== "string") return tested;
      return wrong(`write has(${checker.textOf(arg)}) to test a field`, tested === "not missing");
    }
  }
  if (variable === undefined || !MAY_BE_ABSENT.has(variable.role)) return wrong();
  checker.read(variable, "ok", arg, place);
  const known = outcomeOf(variable, place);
  return { ...checker.base(ast, BOOL), kind: "ok", variable, ...(known !== undefined && { known }) };
}

function outcomeOf(variable: Variable, { known, gone }: CelPlace): boolean | undefined {
  if (!variable.absent) return undefined;
  if (known.has(variable)) return true;
  return gone.has(variable) ? false : undefined;
}

/** Checks `&&`, `||` and `?:`. The other operands use the first operand's knowledge about absence. */
export function checkLogic(checker: Checker, ast: CallAst, place: CelPlace): Node | undefined {
  const [firstAst, secondAst, thirdAst] = ast.args;
  if (firstAst === undefined || secondAst === undefined) return undefined;
  const first = checker.check(firstAst, place);
  const facts = first && { there: factsOf(first), gone: gapsOf(first) };
  const holds = (outcome: "whenTrue" | "whenFalse"): CelPlace => {
    if (facts === undefined) return place;
    const [known, gone] = [facts.there[outcome], facts.gone[outcome]];
    if (known.size + gone.size === 0) return place;
    return { ...place, known: place.known.union(known), gone: place.gone.union(gone) };
  };
  if (ast.fn !== "_?_:_") {
    const and = ast.fn === "_&&_";
    const second = checker.check(secondAst, holds(and ? "whenTrue" : "whenFalse"));
    if (first === undefined || second === undefined) return undefined;
    const a = checker.condition(first, firstAst);
    const b = checker.condition(second, secondAst);
    if (a === undefined || b === undefined) return undefined;
    const overload = and ? "logical_and" : "logical_or";
    const base = checker.base(ast, BOOL, undefined, a.fails || b.fails);
    const node: Node = { ...base, kind: "call", fn: ast.fn, overload, args: [a, b] };
    checker.expected.set(node, [BOOL, BOOL]);
    return node;
  }
  const yes = checker.check(secondAst, holds("whenTrue"));
  const no = thirdAst && checker.check(thirdAst, holds("whenFalse"));
  if (first === undefined || yes === undefined || no === undefined) return undefined;
  const condition = checker.condition(first, firstAst);
  if (condition === undefined) return undefined;
  const args = [condition, yes, no];
  const [left, right] = [checker.typeOf(yes), checker.typeOf(no)];
  const apart = checker.language.soundLiterals && nullMeetsOptional(left, right);
  const joined = apart ? undefined : checker.types.join(left, right);
  if (joined === undefined && checker.language.checked) {
    const types = `${checker.shown(left)} and ${checker.shown(right)}`;
    const hint = alike(left, right);
    return checker.complain("BFF305", ast, `the two branches have different types, ${types}`, hint);
  }
  const type = joined ?? DYN;
  const base = checker.base(ast, type, joinProtos([yes, no]), anyFails(args));
  const node: Node = { ...base, kind: "call", fn: ast.fn, overload: "conditional", args };
  checker.expected.set(node, [BOOL, type, type]);
  return node;
}

/** Returns the hint for making two branches of one type. */
function alike(left: CelType, right: CelType): string {
  if (nullMeetsOptional(left, right)) return NO_NULL;
  if (left.kind === "null" || right.kind === "null")
    return "write optional.none() in place of null, and optional.of(…) around the other branch";
  for (const [branch, other, which] of [
    [left, right, "second branch"],
    [right, left, "first branch"],
  ] as const) {
    if (branch.kind === "int" && branch.enum !== undefined && !NUMBERS.has(other.kind))
      return `write a value of ${branch.enum.typeName} in place of the ${which}`;
    if (branch.kind === "optional" && sameType(branch.of, other)) return `write optional.of(…) around the ${which}`;
    if (branch.kind === "list" && sameType(branch.element, other)) return `write [ … ] around the ${which}`;
    if (branch.kind === "string" && TEXTS.has(other.kind)) return `write string(…) around the ${which}`;
  }
  return NUMBERS.has(left.kind) && NUMBERS.has(right.kind)
    ? `write ${left.kind}(…) around the second branch`
    : "use the same type in both branches";
}
const NUMBERS: ReadonlySet<CelType["kind"]> = new Set(["int", "uint", "double"]);
const TEXTS: ReadonlySet<CelType["kind"]> = new Set([...NUMBERS, "bool", "bytes"]);

/** Checks `==` and `!=`, for operands of any one type. */
export function checkEquality(checker: Checker, ast: CallAst, place: CelPlace): Node | undefined {
  const args = checker.all(ast.args, place);
  if (args === undefined) return undefined;
  const [a, b] = args;
  if (a === undefined || b === undefined) return undefined;
  const left = checker.typeOf(a);
  const right = checker.typeOf(b);
  if (checker.language.soundLiterals && nullMeetsOptional(left, right))
    return checker.complain("BFF315", ast, "an optional is never null", insteadOfNone(checker, ast.fn, a, b));
  const alike = checker.types.assignable(left, right) || (checker.language.mixedNumbers && comparable(left, right));
  if (!alike && checker.language.checked) {
    const hint = [left, right].some(({ kind }) => kind === "null")
      ? "compare it with a value: only messages and wrappers can be null"
      : (valueNamed(a, b) ?? valueNamed(b, a) ?? convertToOne(left, right));
    return checker.complain("BFF305", ast, `${describeCall(ast.fn, false, [left, right])} does not exist`, hint);
  }
  if (holdsError(left) || holdsError(right)) return checker.complain("BFF306", ast, ...NO_VALUE);
  const operands = [
    { node: a, type: left },
    { node: b, type: right },
  ];
  if (!checkSameEnums(checker, ast, operands)) return undefined;
  if (!checkNull(checker, ast, a, b) || !checkNull(checker, ast, b, a)) return undefined;
  const overload = ast.fn === "_==_" ? "equals" : "not_equals";
  return { ...checker.base(ast, BOOL, undefined, anyFails(args)), kind: "call", fn: ast.fn, overload, args };
}

/** Returns the value of an enum that a text names. */
function valueNamed(value: Node, text: Node): string | undefined {
  const written = text.kind === "constant" ? text.value : undefined;
  const desc = value.proto?.kind === "enum" ? value.proto.desc : undefined;
  const named = desc?.values.find(({ name }) => name === written) ?? desc?.values[0];
  if (typeof written !== "string" || desc === undefined || named === undefined) return undefined;
  return `write ${desc.typeName}.${named.name}`;
}

/** Returns the hint for comparing a text with a number. */
function convertToOne({ kind: left }: CelType, { kind: right }: CelType): string | undefined {
  if (left !== "string" && right !== "string") return undefined;
  const other = left === "string" ? right : left;
  return other === "int" || other === "uint" || other === "double"
    ? "write the number without quotes, or string(…) around it"
    : undefined;
}

/**
 * Reports a comparison of a message with null. In CEL an unset message reads as its default, so the result never
 * changes. An absent variable is also read before its presence is checked. Returns false after a diagnostic.
 */
function checkNull(checker: Checker, ast: CallAst, message: Node, other: Node): boolean {
  if (!checker.language.soundLiterals) return true;
  const type = checker.typeOf(message);
  if (type.kind !== "message" || type.nullable || other.kind !== "constant" || other.type.kind !== "null") return true;
  if (message.kind !== "select" && message.kind !== "name") return true;
  const name = checker.textOf(checker.spanOf(message));
  const absent = message.kind === "name" && message.variable.absent;
  const fault = absent
    ? `"${name}" may be absent, but it is never null`
    : "a message is never null: an unset message reads as its default";
  checker.complain("BFF315", ast, fault, insteadOfNull(message, name, ast.fn === "_==_" ? "!" : ""));
  return false;
}

/** Returns the test of an optional for a value, instead of a comparison with null. */
function insteadOfNone(checker: Checker, fn: string, a: Node, b: Node): string {
  const optional = [a, b].find((node) => checker.typeOf(node).kind === "optional");
  if (optional === undefined) return NO_NULL;
  const text = checker.textOf(checker.spanOf(optional));
  const plain = optional.kind !== "call" || optional.overload !== "conditional";
  return `write ${fn === "_==_" ? "!" : ""}${plain ? text : `(${text})`}.hasValue()`;
}

/** Returns the test for the presence of a message, instead of a comparison with null. */
function insteadOfNull(message: Node & { kind: "select" | "name" }, name: string, not: string): string {
  if (message.kind === "select") return `write ${not}has(${name})`;
  const { variable } = message;
  if (variable.presence !== undefined) return `write ${not}has(${name})`;
  if (variable.absent) return `write ${not}ok(${name})`;
  if (variable.role === "arg") return giveIfSet(name).replace("ok(", `${not}ok(`);
  return `leave it out: "${name}" always has a value`;
}

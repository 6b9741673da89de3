import type { DescEnum } from "@bufbuild/protobuf";
import type { Ast } from "../syntax/ast.ts";
import type { CelType, Node, Overload } from "../types/model/type.ts";
import { type Checker, nameList } from "./checker.ts";

/** A value with its type, or a part of its type. */
interface Operand {
  readonly node: Node;
  readonly type: CelType;
}

/** Operators that compare without a type parameter. */
const ORDER: ReadonlySet<string> = new Set(["_<_", "_<=_", "_>_", "_>=_"]);

/** Operands of a function that compares them: those of one type parameter that the result does not hold. */
export function comparedOperands(overload: Overload, operands: readonly Operand[]): readonly Operand[][] {
  if (ORDER.has(overload.fn)) return [[...operands]];
  const found = new Map<string, Operand[]>();
  const collect = (template: CelType, { node, type }: Operand): void => {
    if (template.kind === "param") found.set(template.name, [...(found.get(template.name) ?? []), { node, type }]);
    else if (template.kind === "list" && type.kind === "list") collect(template.element, { node, type: type.element });
    else if (template.kind === "optional" && type.kind === "optional") collect(template.of, { node, type: type.of });
    else if (template.kind === "map" && type.kind === "map") {
      collect(template.key, { node, type: type.key });
      collect(template.value, { node, type: type.value });
    }
  };
  for (const [index, operand] of operands.entries()) {
    const template = overload.params[index];
    if (template !== undefined) collect(template, operand);
  }
  return [...found].flatMap(([name, group]) => (mentionsParam(overload.result, name) ? [] : [group]));
}

function mentionsParam(type: CelType, name: string): boolean {
  switch (type.kind) {
    case "param":
      return type.name === name;
    case "list":
      return mentionsParam(type.element, name);
    case "map":
      return mentionsParam(type.key, name) || mentionsParam(type.value, name);
    case "optional":
      return mentionsParam(type.of, name);
    default:
      return false;
  }
}

/** Reports values of enums with different names or numbers that are compared; false after a diagnostic. */
export function checkSameEnums(checker: Checker, ast: Ast, operands: readonly Operand[]): boolean {
  // Other languages of CEL take enums for ints.
  if (!checker.language.soundLiterals) return true;
  for (const [index, first] of operands.entries())
    for (const second of operands.slice(index + 1)) {
      const enums = differentEnums(first.type, second.type);
      if (enums === undefined) continue;
      const [a, b] = enums;
      const message = `this compares values of two enums, "${a.typeName}" and "${b.typeName}", whose names or numbers differ`;
      checker.complain("BFF354", ast, message, hintFor(checker, { ...first, desc: a }, { ...second, desc: b }));
      return false;
    }
  return true;
}

/** The first two enums, at the same place of two types, that differ in a name or a number. */
function differentEnums(a: CelType, b: CelType): readonly [DescEnum, DescEnum] | undefined {
  if (a.kind === "int" && b.kind === "int")
    return a.enum === undefined || b.enum === undefined || isSameEnum(a.enum, b.enum) ? undefined : [a.enum, b.enum];
  if (a.kind === "list" && b.kind === "list") return differentEnums(a.element, b.element);
  if (a.kind === "optional" && b.kind === "optional") return differentEnums(a.of, b.of);
  if (a.kind === "map" && b.kind === "map") return differentEnums(a.key, b.key) ?? differentEnums(a.value, b.value);
  return undefined;
}

function isSameEnum(a: DescEnum, b: DescEnum): boolean {
  const key = (desc: DescEnum): string =>
    desc.values
      .map(({ name, number }) => `${name} ${number}`)
      .sort()
      .join();
  return a.typeName === b.typeName || key(a) === key(b);
}

interface OfEnum {
  readonly node: Node;
  readonly desc: DescEnum;
}

/**
 * Names the value of the other enum in place of the written one, or a conversion if one enum is a copy of the other.
 */
function hintFor(checker: Checker, first: OfEnum, second: OfEnum): string {
  const pairs = [
    { operand: first, other: second },
    { operand: second, other: first },
  ];
  for (const { operand, other } of pairs) {
    const named = writtenValues(operand).find((name) => other.desc.values.some((value) => value.name === name));
    if (named !== undefined) return `write ${other.desc.typeName}.${named}`;
  }
  for (const { operand, other } of pairs)
    if (operand.node.type.kind === "int" && checker.scope.enums?.converts(operand.desc, other.desc) !== undefined)
      return `write ${other.desc.name}(${checker.textOf(checker.spanOf(operand.node))})`;
  const { other } = pairs.find(({ operand }) => writtenValues(operand).length > 0) ?? { other: second };
  const names = nameList(other.desc.values.map(({ name }) => name));
  return `name a value of "${other.desc.typeName}": ${names}`;
}

/** Names of the values of the enum that an expression writes out. */
function writtenValues({ node, desc }: OfEnum): readonly string[] {
  if (node.kind === "enum") return node.desc.typeName === desc.typeName ? [node.value.name] : [];
  if (node.kind === "list") return node.elements.flatMap((element) => writtenValues({ node: element, desc }));
  return node.kind === "map"
    ? node.entries.flatMap((entry) => [entry[0], entry[1]].flatMap((part) => writtenValues({ node: part, desc })))
    : [];
}

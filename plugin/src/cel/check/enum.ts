import type { DescEnum } from "@bufbuild/protobuf";
import { type CallAst, dottedName } from "../syntax/ast.ts";
import { enumType } from "../types/model/field-type.ts";
import { resolveEnum } from "../types/model/names.ts";
import type { CelType, Node } from "../types/model/type.ts";
import type { CelPlace, Checker } from "./checker.ts";

const INT: CelType = { kind: "int" };
const STRING: CelType = { kind: "string" };

/** `enums.name(e)`, `enums.text(e)`, `Kind.from(int)`, `Kind.parse(string)`. */
export function checkEnumFunction(
  checker: Checker,
  ast: CallAst,
  place: CelPlace,
): Node | undefined | "no enum function" {
  const { fn, target } = ast;
  const owner = target && dottedName(target);
  if (owner === "enums" && (fn === "name" || fn === "text")) return checkNaming(checker, ast, fn, place);
  if (owner === undefined || (fn !== "from" && fn !== "parse")) return "no enum function";
  const desc = resolveEnum(owner, checker.scope.container, checker.registry);
  return desc === undefined ? "no enum function" : checkMaking(checker, ast, desc, fn, place);
}

/** The only operand, checked; undefined after a diagnostic. */
function onlyOperand(checker: Checker, ast: CallAst, name: string, place: CelPlace): Node | undefined {
  const nodes = checker.all(ast.args, place);
  const [of] = nodes ?? [];
  if (nodes === undefined || (of !== undefined && nodes.length === 1)) return of;
  return checker.complain("BFF305", ast, `\`${name}\` takes one operand, not ${nodes.length}`);
}

/** Checks a function of a value whose enum is known: `enums.name(order.kind)`. */
function checkNaming(checker: Checker, ast: CallAst, fn: "name" | "text", place: CelPlace): Node | undefined {
  const of = onlyOperand(checker, ast, `enums.${fn}`, place);
  if (of === undefined) return undefined;
  const type = checker.typeOf(of);
  const desc = type.kind === "int" ? type.enum : undefined;
  if (desc === undefined)
    return checker.complain(
      "BFF305",
      ast.args[0] ?? ast,
      `\`enums.${fn}\` takes a value of an enum, and this is ${checker.shown(type)}`,
      type.kind === "int" ? `convert it to a value of an enum: Kind.from(x).optMap(k, enums.${fn}(k))` : undefined,
    );
  if (fn === "name")
    return {
      ...checker.base(ast, STRING, undefined, of.fails),
      kind: "call",
      fn: "enums.name",
      overload: "enum_name",
      args: [of],
    };
  const texts = checker.scope.enums?.texts(desc);
  if (texts === undefined)
    return checker.complain(
      "BFF305",
      ast.args[0] ?? ast,
      `the values of "${desc.typeName}" have no texts`,
      isLocal(checker, desc)
        ? 'add [(bff.v1.enum_value).text = "…"] to each value'
        : "declare a copy of the enum in this package with a text for each value, and write enums.text(Copy(…))",
    );
  const entries = [...texts].map(([value, text]): readonly [Node, Node] => [
    { ...checker.base(ast, enumType(desc).type), kind: "enum", desc, value },
    { ...checker.base(ast, STRING), kind: "constant", value: text },
  ]);
  const table: Node = { ...checker.base(ast, { kind: "map", key: INT, value: STRING }), kind: "map", entries };
  const base = checker.base(ast, STRING, undefined, of.fails);
  return { ...base, kind: "call", fn: "enums.text", overload: "enum_text", args: [of, table] };
}

/** Checks a function that makes an optional value of an enum from a number or a name. */
function checkMaking(
  checker: Checker,
  ast: CallAst,
  desc: DescEnum,
  fn: "from" | "parse",
  place: CelPlace,
): Node | undefined {
  const name = `${desc.name}.${fn}`;
  const of = onlyOperand(checker, ast, name, place);
  if (of === undefined) return undefined;
  const expected = fn === "from" ? INT : STRING;
  const type = checker.typeOf(of);
  if (!checker.types.assignable(type, expected)) {
    const other = type.kind === (fn === "from" ? "string" : "int");
    return checker.complain(
      "BFF305",
      ast.args[0] ?? ast,
      `\`${name}\` takes ${fn === "from" ? "an int" : "a string"}, and this is ${checker.shown(type)}`,
      other ? `write ${desc.name}.${fn === "from" ? "parse" : "from"}(…)` : undefined,
    );
  }
  const base = checker.base(ast, { kind: "optional", of: enumType(desc).type }, undefined, of.fails);
  const node: Node = { ...base, kind: "call", fn: `${desc.typeName}.${fn}`, overload: `enum_${fn}`, args: [of] };
  checker.expected.set(node, [expected]);
  return node;
}

/** Checks `Kind(e)`, the value that corresponds to one of another enum, as in a field or in a request. */
export function checkEnumConversion(checker: Checker, ast: CallAst, desc: DescEnum, place: CelPlace): Node | undefined {
  if (checker.language.openEnums) return checkOpenEnum(checker, ast, desc, place);
  const of = onlyOperand(checker, ast, desc.name, place);
  if (of === undefined) return undefined;
  const type = checker.typeOf(of);
  const from = type.kind === "int" ? type.enum : undefined;
  if (from === undefined) {
    const make = type.kind === "string" ? "parse" : "from";
    return checker.complain(
      "BFF307",
      ast.name,
      "a number or a text cannot be converted to an enum like this: the enum may have no such value",
      `write ${desc.name}.${make}(…), which is an optional, or write one of its values`,
    );
  }
  const how = from.typeName === desc.typeName ? { fails: false } : checker.scope.enums?.converts(from, desc);
  if (how === undefined)
    return checker.complain(
      "BFF305",
      ast,
      `neither "${desc.typeName}" nor "${from.typeName}" is declared as a copy of the other`,
      copyOf(checker, from, desc),
    );
  const { type: result, proto } = enumType(desc);
  const base = checker.base(ast, result, proto, of.fails || how.fails);
  const overload = from.typeName === desc.typeName ? "same" : "enum_convert";
  return { ...base, kind: "call", fn: desc.typeName, overload, args: [of] };
}

const isLocal = (checker: Checker, { file }: DescEnum): boolean => file.proto.package === checker.scope.container;

/** Returns the hint to declare the enum of this package as a copy of the other one. */
function copyOf(checker: Checker, from: DescEnum, to: DescEnum): string {
  const [local, other] = isLocal(checker, to) ? [to, from] : [from, to];
  const option = `option (bff.v1.enum).alias = "${other.typeName}";`;
  if (isLocal(checker, local)) return `add \`${option}\` to "${local.name}"`;
  return `convert to an enum of this package first, with both enums as its \`alias\``;
}

/** Checks `Status(1)` and `Status("IDLE")`, which only the conformance suites use. */
function checkOpenEnum(checker: Checker, ast: CallAst, desc: DescEnum, place: CelPlace): Node | undefined {
  const [of, ...rest] = checker.all(ast.args, place) ?? [];
  if (of === undefined || rest.length > 0)
    return checker.complain("BFF305", ast, "an enum is converted from an int or a string");
  const { kind } = checker.typeOf(of);
  if (kind !== "int" && kind !== "string")
    return checker.complain("BFF305", ast, "an enum is converted from an int or a string");
  const { type, proto } = enumType(desc);
  const overload = kind === "int" ? "int64_to_enum" : "string_to_enum";
  return { ...checker.base(ast, type, proto, true), kind: "call", fn: desc.typeName, overload, args: [of] };
}

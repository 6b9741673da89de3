import type { DescEnum } from "@bufbuild/protobuf";
import { didYouMean } from "../diagnostic/did-you-mean.ts";
import { type Ast, dottedName } from "./ast.ts";
import { checkBlock } from "./check-block.ts";
import { checkMacro } from "./check-macro.ts";
import { unknownMessage } from "./check-message.ts";
import { checkHeader, checkSelect, extensionOf, rootOf, unknownName } from "./check-name.ts";
import type { Checker, Place } from "./checker.ts";
import { describeCall } from "./describe-call.ts";
import type { Node } from "./expression.ts";
import { factsOf } from "./facts.ts";
import { FOREIGN_FUNCTIONS } from "./foreign.ts";
import { anyFails, joinProtos } from "./join.ts";
import { listed } from "./listed.ts";
import { isSoundLiteral, literalFault } from "./literal.ts";
import { MACROS } from "./macros.ts";
import { candidates, resolveEnum, resolveExtension, resolveName } from "./names.ts";
import { isSafeDivisor, rangeOf } from "./range.ts";
import { candidatesOf, comparable, type Match, nearestOverloads, resolveCall } from "./resolve-call.ts";
import { functionNames } from "./signatures.ts";
import type { CelType, Proto, Variable } from "./type.ts";

const BOOL: CelType = { kind: "bool" };

const DYN: CelType = { kind: "dyn" };

export type Call = Ast & { readonly kind: "call" };

/** Operators, functions and macros. */
export function checkCall(checker: Checker, ast: Call, place: Place): Node | undefined {
  const { fn, target, args } = ast;
  if (target === undefined) {
    switch (fn) {
      case "has": {
        const [of] = args;
        if (of?.kind !== "select" || args.length !== 1) {
          const step = of?.kind === "ident" ? checker.variable(of.name, place)?.role === "step" : false;
          const hint =
            of?.kind === "ident" && step ? `Write ok(${of.name}) to ask whether the step has a value.` : undefined;
          return checker.complain("BFF313", of ?? ast, "`has` takes a field: has(x.field)", hint);
        }
        const root = rootOf(of);
        const known = root?.kind !== "ident" || checker.variable(root.name, place) !== undefined;
        if (!known && checker.language.checked && !resolvesBefore(checker, of)) {
          return unknownName(checker, of, dottedName(of) ?? of.field, place);
        }
        return checkSelect(checker, of, place, true);
      }
      case "ok":
        return checkOk(checker, ast, place);
      case "_&&_":
      case "_||_":
      case "_?_:_":
        return checkLogic(checker, ast, place);
      case "_==_":
      case "_!=_":
        return checkEquality(checker, ast, place);
      case "_-_": {
        const header = headerOf(checker, ast, place);
        if (header === undefined) break;
        const said = "a name with a dash in it cannot stand behind a dot: this subtracts";
        return checker.complain("BFF305", ast, said, `Write headers['${header}'].`);
      }
      case "_[_]":
      case "@in": {
        const [first, second] = args;
        const container = fn === "_[_]" ? first : second;
        const key = fn === "_[_]" ? second : first;
        const group = container && checker.group(container, place);
        if (group?.role === "headers" && key !== undefined) {
          const name = checker.check(key, place);
          if (name === undefined) return undefined;
          if (name.type.kind !== "string") return checker.complain("BFF305", key, "a header's name is a string");
          return checkHeader(checker, group, name, ast, place, fn === "@in");
        }
        break;
      }
    }
  }
  const block = checker.language.blocks ? checkBlock(checker, ast, place) : "no block";
  if (block !== "no block") return block;
  const extension = checker.language.extensions ? checkExtension(checker, ast, place) : "no extension";
  if (extension !== "no extension") return extension;
  const macro = checkMacro(checker, ast, place);
  return macro === "no macro" ? checkFunction(checker, ast, place) : macro;
}

/** "x-request-id" for `headers.x-request-id`. */
function headerOf(checker: Checker, ast: Ast, place: Place): string | undefined {
  if (ast.kind === "select") return checker.group(ast.of, place)?.role === "headers" ? ast.field : undefined;
  if (ast.kind !== "call" || ast.fn !== "_-_") return undefined;
  const [before, last] = ast.args;
  if (before === undefined || last?.kind !== "ident" || before.end + 1 !== last.start) return undefined;
  const name = headerOf(checker, before, place);
  return name && `${name}-${last.name}`;
}

/** Whether what stands before the last dot means something. */
function resolvesBefore(checker: Checker, ast: Ast & { kind: "select" }): boolean {
  for (let of = ast.of; ; of = of.of) {
    const dotted = dottedName(of);
    if (dotted !== undefined && resolveName(dotted, checker.scope, checker.registry) !== undefined) return true;
    if (of.kind !== "select") return false;
  }
}

/** `proto.getExt(message, pkg.extension)` and `proto.hasExt`. */
function checkExtension(checker: Checker, ast: Call, place: Place): Node | undefined | "no extension" {
  const { fn, target, args } = ast;
  if (target?.kind !== "ident" || target.name !== "proto" || !/^(get|has)Ext$/.test(fn)) return "no extension";
  const [message, named] = args;
  const dotted = named && dottedName(named);
  if (message === undefined || named === undefined || dotted === undefined || args.length !== 2) {
    return checker.complain("BFF313", ast, `\`proto.${fn}\` takes a message and the name of an extension`);
  }
  const of = checker.check(message, place);
  const extension = resolveExtension(dotted, checker.scope.container, checker.registry);
  if (extension === undefined) return checker.complain("BFF303", named, `there is no extension "${dotted}"`);
  return of && extensionOf(checker, of, extension, ast, fn === "hasExt");
}

/** What a call stands for: a function by its full name, or a method of its target. */
interface Callee {
  readonly name: string;
  readonly method: boolean;
}

function calleeOf(checker: Checker, { fn, target, absolute }: Call, place: Place): Callee | undefined {
  const exists = (name: string) => candidatesOf(name, checker.language).length > 0;
  const root = target && rootOf(target);
  const owner = target && dottedName(target);
  const free = root?.kind === "ident" && checker.variable(root.name, place) === undefined;
  const full =
    target === undefined ? (absolute ? `.${fn}` : fn) : free && owner !== undefined ? `${owner}.${fn}` : undefined;
  const name = full && candidates(full, checker.scope.container).find(exists);
  if (name !== undefined) return { name, method: false };
  return target !== undefined && exists(fn) ? { name: fn, method: true } : undefined;
}

function checkFunction(checker: Checker, ast: Call, place: Place): Node | undefined {
  const { fn, target } = ast;
  const group = target && checker.group(target, place);
  if (group?.role === "error" && fn === "detail") return checkDetail(checker, ast, group, place);
  const callee = calleeOf(checker, ast, place);
  if (callee === undefined) return unknownFunction(checker, ast, place);
  const { name, method } = callee;
  const written = method && target !== undefined ? [target, ...ast.args] : ast.args;
  const operands = ofMany(name, written);
  const nodes = checker.all(operands, place);
  if (nodes === undefined) return undefined;
  const types = nodes.map((node) => checker.typeOf(node));
  const match = resolveCall(name, method, types, checker.types, checker.language);
  // cel-go lets null stand for any message, which then fails.
  const isNull = match !== undefined && takesNull(match, types);
  if (isNull && !checker.language.soundLiterals) return dynamicCall(checker, ast, name, nodes, match.result);
  if (match === undefined || isNull) {
    if (!checker.language.checked) return dynamicCall(checker, ast, name, nodes, DYN);
    const near = nearestOverloads(name, types, checker.types, checker.language);
    const known = near.map((overload) => describeCall(name, overload.method, overload.params));
    return checker.complain(
      "BFF305",
      // An operator is about all that it stands between.
      ast.name,
      `${describeCall(name, method, types)} does not exist`,
      known.length === 0 ? undefined : `There is ${listed([...new Set(known)])}.`,
    );
  }
  return callOf(checker, ast, name, nodes, types, match);
}

function takesNull({ overloads: [overload] }: Match, types: readonly CelType[]): boolean {
  return types.some(({ kind }, index) => kind === "null" && overload.params[index]?.kind === "message");
}

function callOf(
  checker: Checker,
  ast: Call,
  name: string,
  nodes: readonly Node[],
  types: readonly CelType[],
  match: Match,
): Node | undefined {
  const [overload] = match.overloads;
  const dynamic = types.some(({ kind }) => kind === "dyn");
  // A key of type dyn is compared by its value, so that 1.0 finds 1.
  const open = match.overloads.length > 1 || name === "_[_]" || name === "@in";
  if (dynamic && open && overload.id === "optional_index") {
    const base = checker.base(ast, { kind: "optional", of: DYN }, undefined, true);
    return { ...base, kind: "call", fn: name, overload: overload.id, args: nodes };
  }
  if (dynamic && open) return dynamicCall(checker, ast, name, nodes, match.result);
  const literal = literalFault(overload.id, nodes);
  if (literal !== undefined && checker.language.soundLiterals)
    return checker.complain("BFF314", ast, literal.message, literal.hint);
  const { id, fails } = overload;
  const of = nodes[0]?.proto;
  const strong = id === "type" && checker.language.strongEnums && of?.kind === "enum" ? of.desc.typeName : undefined;
  const result: CelType =
    strong === undefined ? match.result : { kind: "type", of: { kind: "opaque", name: strong, params: [] } };
  const proto = id === "add_list" ? joinProtos(nodes) : resultProto(id, nodes[0]?.proto);
  const base = checker.base(ast, result, proto, true);
  const node: Node = { ...base, kind: "call", fn: name, overload: id, args: nodes };
  // Arithmetic within a known range cannot overflow.
  const sure = neverFails(id, node, nodes);
  const call = { ...node, fails: anyFails(nodes) || (fails && !sure) };
  checker.wanted.set(call, match.params);
  return call;
}

function dynamicCall(checker: Checker, ast: Call, fn: string, args: readonly Node[], type: CelType): Node {
  return { ...checker.base(ast, type, undefined, true), kind: "call", fn, overload: "dynamic", args };
}

function unknownFunction(checker: Checker, ast: Call, place: Place): Node | undefined {
  const { fn, target } = ast;
  const owner = target && dottedName(target);
  const enumeration = resolveEnum(
    owner === undefined ? fn : `${owner}.${fn}`,
    checker.scope.container,
    checker.registry,
  );
  if (enumeration !== undefined) return checkEnum(checker, ast, enumeration, place);
  if (!checker.language.checked) {
    const args = checker.all(target === undefined ? ast.args : [target, ...ast.args], place);
    return args && dynamicCall(checker, ast, fn, args, DYN);
  }
  const root = target && rootOf(target);
  const free = root?.kind === "ident" && checker.variable(root.name, place) === undefined;
  const prefix = owner === undefined ? undefined : `${owner}.`;
  const namespaced = free && functionNames().some((known) => prefix !== undefined && known.startsWith(prefix));
  const name = namespaced ? `${owner}.${fn}` : fn;
  const close = didYouMean(name, [...functionNames(), ...MACROS, "ok", "has", "cel.bind"]);
  const foreign = Object.hasOwn(FOREIGN_FUNCTIONS, name) ? FOREIGN_FUNCTIONS[name] : undefined;
  const hint = foreign ?? (close && `Did you mean "${close}"?`);
  checker.complain("BFF304", ast.name, `there is no function "${name}"`, hint);
  // The operands may have faults of their own.
  checker.all(target === undefined || namespaced ? ast.args : [target, ...ast.args], place);
  return undefined;
}

/** `Status(1)`, `Status("IDLE")`. */
function checkEnum(checker: Checker, ast: Call, desc: DescEnum, place: Place): Node | undefined {
  if (!checker.language.openEnums) {
    return checker.complain(
      "BFF307",
      ast.name,
      "an enum is not made of a number or a text here",
      "Name one of its values.",
    );
  }
  const [of, ...rest] = checker.all(ast.args, place) ?? [];
  if (of === undefined || rest.length > 0)
    return checker.complain("BFF305", ast, "an enum is made of an int or a string");
  const { kind } = checker.typeOf(of);
  if (kind !== "int" && kind !== "string")
    return checker.complain("BFF305", ast, "an enum is made of an int or a string");
  const base = checker.base(ast, { kind: "int" }, { kind: "enum", desc }, true);
  const overload = kind === "int" ? "int64_to_enum" : "string_to_enum";
  return { ...base, kind: "call", fn: desc.typeName, overload, args: [of] };
}

/** `error.detail(pkg.Type)`: what the upstream sent with its error, as an optional. */
function checkDetail(checker: Checker, ast: Call, error: Variable, place: Place): Node | undefined {
  const [arg] = ast.args;
  const dotted = arg && dottedName(arg);
  const named = dotted === undefined ? undefined : resolveName(dotted, checker.scope, checker.registry);
  if (arg === undefined || ast.args.length !== 1) {
    return checker.complain("BFF313", ast, "`error.detail` takes the type of a message: error.detail(pkg.Type)");
  }
  if (named?.kind !== "type" || named.type.kind !== "message") {
    if (dotted !== undefined && named === undefined) return unknownMessage(checker, dotted, arg);
    return checker.complain("BFF313", arg, "`error.detail` takes the type of a message: error.detail(pkg.Type)");
  }
  checker.read(error, "value", ast.target ?? ast, place);
  const variable: Node = { ...checker.base(ast.target ?? ast, error.type), kind: "name", variable: error };
  const type: Node = { ...checker.base(arg, { kind: "type", of: named.type }), kind: "typename", named: named.type };
  const base = checker.base(ast, { kind: "optional", of: named.type });
  return { ...base, kind: "call", fn: "detail", overload: "error_detail", args: [variable, type] };
}

/** Of three numbers and more `math.greatest` and `math.least` take a list, as cel-go's macros do. */
function ofMany(fn: string, args: readonly Ast[]): readonly Ast[] {
  const [first] = args;
  const last = args.at(-1);
  if (!/^math\.(greatest|least)$/.test(fn) || args.length < 3 || first === undefined || last === undefined) return args;
  return [{ kind: "list", elements: args, optionals: new Set(), start: first.start, end: last.end }];
}

function resultProto(overload: string, first: Proto | undefined): Proto | undefined {
  switch (overload) {
    case "index_list":
      return first?.kind === "list" ? first.of : undefined;
    case "index_map":
      return first?.kind === "map" ? first.of : undefined;
    case "take":
      return first;
    default:
      // int(x) is a computed number: no enum any more, and range-checked where it is bound to a narrower field.
      return undefined;
  }
}

/** Overloads that cannot fail when the range of their result is known. */
const BY_RANGE = /^((add|subtract|multiply|divide|modulo|negate)_u?int64|uint64_to_int64|int64_to_uint64)$/;

/** Whether a call that can fail in general cannot with these operands. */
function neverFails(overload: string, node: Node, args: readonly Node[]): boolean {
  const [, second] = args;
  if (overload === "take") return second !== undefined && (rangeOf(second)?.low ?? -1) >= 0;
  if (isSafeDivisor(overload, second) || isSoundLiteral(overload, args)) return true;
  return BY_RANGE.test(overload) && rangeOf(node) !== undefined;
}

function checkOk(checker: Checker, ast: Call, place: Place): Node | undefined {
  const [arg] = ast.args;
  const wrong = (hint?: string) =>
    checker.complain("BFF308", arg ?? ast, "`ok` takes the name of a step or an argument", hint);
  if (arg === undefined || ast.args.length !== 1) return wrong();
  let variable: Variable | undefined;
  if (arg.kind === "ident") {
    variable = checker.variable(arg.name, place);
    if (variable === undefined) return unknownName(checker, arg, arg.name, place);
  } else if (arg.kind === "select") {
    const group = checker.group(arg.of, place);
    if (group?.type.kind === "struct") {
      variable = group.type.members.get(arg.field);
      // The plain check knows how to say what is wrong.
      if (variable === undefined) return checker.check(arg, place);
    } else if (checker.check(arg, place) === undefined) return undefined;
    else return wrong(`Write has(${checker.textOf(arg)}) to ask about a field.`);
  }
  if (variable === undefined || (variable.role !== "step" && variable.role !== "arg")) return wrong();
  checker.read(variable, "ok", arg, place);
  return { ...checker.base(ast, BOOL), kind: "ok", variable };
}

function checkLogic(checker: Checker, ast: Call, place: Place): Node | undefined {
  const [firstAst, secondAst, thirdAst] = ast.args;
  if (firstAst === undefined || secondAst === undefined) return undefined;
  const first = checker.check(firstAst, place);
  const facts = first && factsOf(first);
  const holds = (known: ReadonlySet<Variable> | undefined): Place =>
    known === undefined || known.size === 0 ? place : { ...place, known: place.known.union(known) };
  if (ast.fn !== "_?_:_") {
    const and = ast.fn === "_&&_";
    const second = checker.check(secondAst, holds(and ? facts?.whenTrue : facts?.whenFalse));
    if (first === undefined || second === undefined) return undefined;
    const a = checker.condition(first, firstAst);
    const b = checker.condition(second, secondAst);
    if (a === undefined || b === undefined) return undefined;
    const overload = and ? "logical_and" : "logical_or";
    return {
      ...checker.base(ast, BOOL, undefined, a.fails || b.fails),
      kind: "call",
      fn: ast.fn,
      overload,
      args: [a, b],
    };
  }
  const yes = checker.check(secondAst, holds(facts?.whenTrue));
  const no = thirdAst && checker.check(thirdAst, holds(facts?.whenFalse));
  if (first === undefined || yes === undefined || no === undefined) return undefined;
  const condition = checker.condition(first, firstAst);
  if (condition === undefined) return undefined;
  const args = [condition, yes, no];
  const [left, right] = [checker.typeOf(yes), checker.typeOf(no)];
  const joined = checker.types.join(left, right);
  if (joined === undefined && checker.language.checked) {
    const types = `${checker.shown(left)} and ${checker.shown(right)}`;
    return checker.complain("BFF305", ast, `the two branches have different types, ${types}`, "Convert one of them.");
  }
  const type = joined ?? DYN;
  const base = checker.base(ast, type, joinProtos([yes, no]), anyFails(args));
  const node: Node = { ...base, kind: "call", fn: ast.fn, overload: "conditional", args };
  checker.wanted.set(node, [BOOL, type, type]);
  return node;
}

function checkEquality(checker: Checker, ast: Call, place: Place): Node | undefined {
  const args = checker.all(ast.args, place);
  if (args === undefined) return undefined;
  const [a, b] = args;
  if (a === undefined || b === undefined) return undefined;
  const left = checker.typeOf(a);
  const right = checker.typeOf(b);
  const alike = checker.types.assignable(left, right) || (checker.language.mixedNumbers && comparable(left, right));
  if (!alike && checker.language.checked) {
    const hint = [left, right].some(({ kind }) => kind === "null")
      ? "Only messages and wrappers can be null."
      : convertToOne(left, right);
    return checker.complain("BFF305", ast, `${describeCall(ast.fn, false, [left, right])} does not exist`, hint);
  }
  if (!checkNull(checker, ast, a, b, place) || !checkNull(checker, ast, b, a, place)) return undefined;
  const overload = ast.fn === "_==_" ? "equals" : "not_equals";
  return { ...checker.base(ast, BOOL, undefined, anyFails(args)), kind: "call", fn: ast.fn, overload, args };
}

/** How to compare a text with a number. */
function convertToOne({ kind: left }: CelType, { kind: right }: CelType): string | undefined {
  const other = left === "string" ? right : right === "string" ? left : undefined;
  return other === "int" || other === "uint" || other === "double"
    ? "Write the number without quotes, or string(…) around it."
    : undefined;
}

/**
 * In CEL an unset message reads as its default, so that asking whether it is null is a mistake. Of what may be absent it is an error:
 * it is read before anybody knows whether it is there. False after that.
 */
function checkNull(checker: Checker, ast: Call, message: Node, other: Node, place: Place): boolean {
  const type = checker.typeOf(message);
  if (type.kind !== "message" || type.nullable || other.kind !== "constant" || other.type.kind !== "null") return true;
  if (message.kind !== "select" && message.kind !== "name") return true;
  if (message.kind === "name" && message.variable.absent && !place.known.has(message.variable)) {
    const name = checker.textOf(checker.spanOf(message));
    const asked = ast.fn === "_==_" ? `!ok(${name})` : `ok(${name})`;
    checker.complain("BFF315", ast, `"${name}" may be absent, but it is never null`, `Ask ${asked}.`);
    return false;
  }
  const hint = message.kind === "select" ? "Ask has(x.field)." : "Ask ok(step), or has(x.field).";
  checker.complain("BFF315", ast, "a message is never null: when it is unset it reads as its default", hint, "warning");
  return true;
}

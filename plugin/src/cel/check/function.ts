import { type Ast, type CallAst, dottedName } from "../syntax/ast.ts";
import { holdsDyn } from "../types/facts/held-types.ts";
import { anyFails, computedList, joinProtos } from "../types/forms/join.ts";
import { isSafeDivisor, rangeOf } from "../types/forms/range.ts";
import { candidatesOf, type Match, nearestOverloads, resolveCall } from "../types/functions/resolve-call.ts";
import { isNamespace } from "../types/functions/signatures.ts";
import { isSoundLiteral, literalFault } from "../types/literals/literal.ts";
import { holdsError, isError, NO_VALUE } from "../types/model/error-type.ts";
import { candidates, resolveEnum, resolveName } from "../types/model/names.ts";
import { type CelType, type Node, type Overload, type Proto, USER_FUNCTION } from "../types/model/type.ts";
import { commonEnums, nullMeetsOptional } from "../types/model/type-variables.ts";
import { type CelPlace, type Checker, describeCall, nameList } from "./checker.ts";
import { checkSameEnums, comparedOperands } from "./different-enums.ts";
import { checkEnumConversion, checkEnumFunction } from "./enum.ts";
import { NO_NULL } from "./literal.ts";
import { unknownMessage } from "./message.ts";
import { asOneMoney, isNoMoney } from "./money.ts";
import { isUnknown, rootOf } from "./name.ts";
import { looksLikeMacro, noSuchFunction, noVariable } from "./no-such-function.ts";

const DYN: CelType = { kind: "dyn" };

/** Function of a call: a function by its full name, or a method of its target. */
interface Callee {
  readonly name: string;
  readonly method: boolean;
}

function calleeOf(checker: Checker, { fn, target, absolute }: CallAst, place: CelPlace): Callee | undefined {
  const exists = (name: string) => candidatesOf(name, checker.language).length > 0;
  const root = target && rootOf(target);
  const owner = target && dottedName(target);
  const free = root?.kind === "ident" && checker.variable(root.name, place) === undefined;
  // A step may have the name of a namespace. A method is then one of the step.
  const dotted = owner !== undefined && (free || !exists(fn)) ? `${owner}.${fn}` : undefined;
  const bare = absolute ? `.${fn}` : fn;
  const full = target === undefined ? bare : dotted;
  const written = full?.replace(/^\./, "") ?? "";
  // A package may have the name of a namespace: `size` in the package `page.v1` is not `page.size`.
  const isHidden = (name: string): boolean =>
    name !== written && exists(written) && isNamespace(name.slice(0, name.lastIndexOf(".")));
  const isReached = (name: string): boolean => exists(name) && !isHidden(name);
  const name = full && candidates(full, checker.scope.container).find(isReached);
  if (name !== undefined) return { name, method: false };
  // `math` is no value with methods.
  const space = free && owner !== undefined && isNamespace(owner) && isUnknown(checker, owner);
  return target !== undefined && exists(fn) && !space ? { name: fn, method: true } : undefined;
}

/** Checks a function, an operator without rules of its type, or the name of an enum as a function. */
export function checkFunction(checker: Checker, ast: CallAst, place: CelPlace): Node | undefined {
  const { fn, target } = ast;
  const group = target && checker.group(target, place);
  if (group?.role === "error" && fn === "detail" && target !== undefined) {
    checker.read(group, "value", target, place);
    return checkDetail(checker, ast, { ...checker.base(target, group.type), kind: "name", variable: group });
  }
  const ofEnum = checkEnumFunction(checker, ast, place);
  if (ofEnum !== "no enum function") return ofEnum;
  const callee = calleeOf(checker, ast, place);
  if (callee === undefined) {
    if (fn === "detail" && target !== undefined) {
      const of = checker.check(target, place);
      if (of !== undefined && isErrorOrNone(checker.typeOf(of))) return checkDetail(checker, ast, of);
      // Faults of `failure(…)` have been reported.
      if (of === undefined && target.kind === "call") return undefined;
    }
    return unknownFunction(checker, ast, place);
  }
  const { name, method } = callee;
  if (looksLikeMacro(checker, ast, place)) return noVariable(checker, ast);
  const written = method && target !== undefined ? [target, ...ast.args] : ast.args;
  const operands = ofMany(name, written);
  const nodes = checker.all(operands, place);
  if (nodes === undefined) return undefined;
  const types = nodes.map((node) => checker.typeOf(node));
  const match = resolveCall(name, method, types, checker.types, checker.language);
  // cel-go accepts null for any message, and the call then fails.
  const isNull = match !== undefined && takesNull(match, types);
  if (isNull && !checker.language.soundLiterals) return dynamicCall(checker, ast, name, nodes, match.result);
  const apart = match !== undefined && splitsTypes(checker, match, types);
  if (match === undefined || isNull || apart) {
    if (!checker.language.checked) return dynamicCall(checker, ast, name, nodes, DYN);
    const near = nearestOverloads(name, types, checker.types, checker.language);
    const known = near.map((overload) => describeCall(name, overload.method, overload.params));
    return checker.complain(
      "BFF305",
      // The place of an operator spans its operands.
      ast.name,
      `${describeCall(name, method, types)} does not exist`,
      (apart
        ? NO_NULL
        : (asText(checker, name, nodes) ?? asDouble(checker, nodes) ?? asOneMoney(checker, name, nodes))) ??
        (known.length === 0 ? undefined : `use ${nameList([...new Set(known)])}`),
    );
  }
  if (isNoMoney(checker, ast, match.overloads[0].id, types)) return undefined;
  const typed = nodes.map((node, index) => ({ node, type: types[index] ?? DYN }));
  return callOf(checker, ast, name, typed, match);
}

/** Returns the hint for a text and a value that can be converted to text. */
function asText(checker: Checker, name: string, nodes: readonly Node[]): string | undefined {
  const kinds = nodes.map((node) => checker.typeOf(node).kind);
  const other = nodes[kinds[0] === "string" ? 1 : 0];
  if (name !== "_+_" || other === undefined || !kinds.includes("string")) return undefined;
  const printable = ["int", "uint", "double", "bool"].includes(checker.typeOf(other).kind);
  return printable ? `write string(${checker.textOf(checker.spanOf(other))})` : undefined;
}

/** Returns the hint for arithmetic of an integer and a double. */
function asDouble(checker: Checker, nodes: readonly Node[]): string | undefined {
  const kinds = nodes.map((node) => checker.typeOf(node).kind);
  const whole = nodes[kinds.findIndex((kind) => kind === "int" || kind === "uint")];
  if (nodes.length !== 2 || whole === undefined || !kinds.includes("double")) return undefined;
  return `write double(${checker.textOf(checker.spanOf(whole))})`;
}

/** Returns true if an operand has null where another one has an optional. */
function splitsTypes({ language, types: known }: Checker, { params }: Match, types: readonly CelType[]): boolean {
  return (
    language.soundLiterals && types.some((type, index) => nullMeetsOptional(type, known.resolve(params[index] ?? DYN)))
  );
}

function takesNull({ overloads: [overload] }: Match, types: readonly CelType[]): boolean {
  return types.some(({ kind }, index) => kind === "null" && overload.params[index]?.kind === "message");
}

function callOf(
  checker: Checker,
  ast: CallAst,
  name: string,
  operands: readonly { readonly node: Node; readonly type: CelType }[],
  match: Match,
): Node | undefined {
  const nodes = operands.map(({ node }) => node);
  const types = operands.map(({ type }) => type);
  const [overload] = match.overloads;
  const dynamic = types.some(({ kind }) => kind === "dyn");
  // A key of type dyn is compared by its value, so that 1.0 finds 1.
  const open = match.overloads.length > 1 || name === "_[_]" || name === "@in";
  if (dynamic && open && overload.id === "optional_index") {
    const type: CelType = match.result.kind === "optional" ? match.result : { kind: "optional", of: DYN };
    const base = checker.base(ast, type, undefined, true);
    return { ...base, kind: "call", fn: name, overload: overload.id, args: nodes };
  }
  const several = match.overloads.length > 1 && types.some(holdsDyn);
  if ((dynamic && open) || several) return dynamicCall(checker, ast, name, nodes, match.result);
  // The contents of values with unknown types have unknown types.
  for (const [index, type] of types.entries()) closeWithin(checker, type, match.params[index] ?? DYN);
  // Inside a dyn, an error would be usable as a value.
  if (types.some((type, i) => holdsError(type) && (holdsDyn(overload.params[i] ?? DYN) || TAKES_ANY.has(overload.id))))
    return checker.complain("BFF306", ast, ...NO_VALUE);
  if (!comparedOperands(overload, operands).every((group) => checkSameEnums(checker, ast, group))) return undefined;
  const literal = literalFault(overload.id, nodes);
  if (literal !== undefined && checker.language.soundLiterals)
    return checker.complain("BFF314", ast, literal.message, literal.hint);
  const { id, fails } = overload;
  const of = nodes[0]?.proto;
  const strong = id === "type" && checker.language.strongEnums && of?.kind === "enum" ? of.desc.typeName : undefined;
  const result: CelType =
    strong === undefined ? match.result : { kind: "type", of: { kind: "opaque", name: strong, params: [] } };
  const proto = id === "add_list" ? computedList(joinProtos(nodes)) : resultProto(id, nodes[0]?.proto);
  const base = checker.base(ast, CHOOSES.has(id) ? chosen(types, result) : held(overload, types, result), proto, true);
  const userFunction = id === USER_FUNCTION ? { userFunction: overload } : undefined;
  const node: Node = { ...base, kind: "call", fn: name, overload: id, args: nodes, ...userFunction };
  // Arithmetic within a known range cannot overflow.
  const sure = neverFails(id, node, nodes);
  const call = { ...node, fails: anyFails(nodes) || (fails && !sure) };
  const expected = match.params.map((param, index) => expectedOf(id, overload.params[index] ?? param, param));
  checker.expected.set(call, expected);
  return call;
}

/** Overloads that hide the type of their operand. */
const TAKES_ANY: ReadonlySet<string> = new Set(["to_dyn", "type"]);

/**
 * Returns the result type if a part may come from a dyn. Such a part may have any type, although cel-go's checker
 * assumes one.
 */
function held({ params, result: resultType }: Overload, types: readonly CelType[], result: CelType): CelType {
  const open = new Set(params.flatMap((param, index) => (types[index]?.kind === "dyn" ? heldBy(param) : [])));
  const part = (template: CelType, known: CelType): CelType => {
    if (template.kind === "param") return open.has(template.name) ? DYN : known;
    if (template.kind === "list" && known.kind === "list")
      return { kind: "list", element: part(template.element, known.element) };
    if (template.kind === "optional" && known.kind === "optional")
      return { kind: "optional", of: part(template.of, known.of) };
    return known;
  };
  return open.size === 0 ? result : part(resultType, result);
}

/** Returns the type parameters of a list's or an optional's content. */
function heldBy(type: CelType): readonly string[] {
  if (type.kind !== "list" && type.kind !== "optional") return [];
  const of = type.kind === "list" ? type.element : type.of;
  return of.kind === "param" ? [of.name] : heldBy(of);
}

/**
 * Functions without a type parameter that return some of their operands. If all operands are of one enum, the result is
 * a value of that enum.
 */
const CHOOSES: ReadonlySet<string> = new Set(["list_sort", "list_sort_desc", "math_greatest", "math_least"]);

function chosen(types: readonly CelType[], result: CelType): CelType {
  const elements = types.map((type) => (type.kind === "list" && result.kind !== "list" ? type.element : type));
  return result.kind === "dyn" ? result : elements.reduce(commonEnums);
}

/** Makes open types in a parameter dyn, if the matching part of the operand is dyn. */
function closeWithin(checker: Checker, type: CelType, param: CelType): void {
  if (type.kind === "dyn") close(checker, param);
  else if (type.kind === "list" && param.kind === "list") closeWithin(checker, type.element, param.element);
  else if (type.kind === "optional" && param.kind === "optional") closeWithin(checker, type.of, param.of);
  else if (type.kind === "map" && param.kind === "map") {
    closeWithin(checker, type.key, param.key);
    closeWithin(checker, type.value, param.value);
  }
}

/** Makes all open types in a type dyn. */
function close(checker: Checker, type: CelType): void {
  const known = checker.types.resolve(type);
  if (known.kind === "param") checker.types.assignable(DYN, known);
  else if (known.kind === "list") close(checker, known.element);
  else if (known.kind === "optional") close(checker, known.of);
  else if (known.kind === "map") {
    close(checker, known.key);
    close(checker, known.value);
  }
}

/**
 * Returns the required type of an operand. The content of a list of any type is not checked. `own`: the resolved type
 * of the parameter.
 */
function expectedOf(overload: string, param: CelType, paramType: CelType): CelType {
  // Elements that are no lists at run time stay unchanged.
  if (overload === "list_flatten") return { kind: "list", element: DYN };
  return param.kind === "param" ? paramType : open(param);
}

function open(type: CelType): CelType {
  switch (type.kind) {
    case "param":
      return DYN;
    case "list":
      return { kind: "list", element: open(type.element) };
    case "map":
      return { kind: "map", key: open(type.key), value: open(type.value) };
    case "optional":
      return { kind: "optional", of: open(type.of) };
    default:
      return type;
  }
}

function dynamicCall(checker: Checker, ast: CallAst, fn: string, args: readonly Node[], type: CelType): Node {
  return { ...checker.base(ast, type, undefined, true), kind: "call", fn, overload: "dynamic", args };
}

function unknownFunction(checker: Checker, ast: CallAst, place: CelPlace): Node | undefined {
  const { fn, target } = ast;
  const owner = target && dottedName(target);
  const enumeration = resolveEnum(
    owner === undefined ? fn : `${owner}.${fn}`,
    checker.scope.container,
    checker.registry,
  );
  if (enumeration !== undefined) return checkEnumConversion(checker, ast, enumeration, place);
  if (!checker.language.checked) {
    const args = checker.all(target === undefined ? ast.args : [target, ...ast.args], place);
    return args && dynamicCall(checker, ast, fn, args, DYN);
  }
  return noSuchFunction(checker, ast, place);
}

const isErrorOrNone = (type: CelType): boolean => isError(type.kind === "optional" ? type.of : type);

/**
 * Checks `error.detail(pkg.Type)` and `failure(step).detail(pkg.Type)`: a detail of the upstream's error, as an
 * optional.
 */
function checkDetail(checker: Checker, ast: CallAst, error: Node): Node | undefined {
  const [arg] = ast.args;
  const dotted = arg && dottedName(arg);
  const named = dotted === undefined ? undefined : resolveName(dotted, checker.scope, checker.registry);
  const wrong = (at: Ast): undefined => {
    const form = `${checker.textOf(checker.spanOf(error))}.detail`;
    return checker.complain("BFF313", at, `\`${form}\` takes the type of a message: ${form}(pkg.Type)`);
  };
  if (arg === undefined || ast.args.length !== 1) return wrong(ast);
  if (named?.kind !== "type" || named.type.kind !== "message") {
    if (dotted !== undefined && named === undefined) return unknownMessage(checker, dotted, arg);
    return wrong(arg);
  }
  const type: Node = { ...checker.base(arg, { kind: "type", of: named.type }), kind: "typename", named: named.type };
  const base = checker.base(ast, { kind: "optional", of: named.type }, undefined, error.fails);
  return { ...base, kind: "call", fn: "detail", overload: "error_detail", args: [error, type] };
}

/** Makes a list of three or more numbers for `math.greatest` and `math.least`, like cel-go's macros. */
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
      return computedList(first);
    default:
      // int(x) is a computed number: no longer an enum value, and checked against the range of a narrower field.
      return undefined;
  }
}

/** Overloads that cannot fail when the range of their result is known. */
const BY_RANGE = /^((add|subtract|multiply|divide|modulo|negate)_u?int64|uint64_to_int64|int64_to_uint64)$/;

/** Overloads that fail only for a malformed timestamp or duration, which only a message from outside can contain. */
const OF_TIME = /^((timestamp|duration)_to_string|timestamp_get\w+)$/;

function isSoundTime(node: Node | undefined): boolean {
  if (node?.kind === "call") return /^(add|subtract)_|_to_(timestamp|duration)$/.test(node.overload);
  return node?.kind === "message" || (node?.kind === "name" && node.variable.role === "now");
}

/** Returns true if a call that can fail in general cannot fail with these operands. */
function neverFails(overload: string, node: Node, args: readonly Node[]): boolean {
  const [, second] = args;
  if (overload === "replace") return !replacesMore(args);
  if (overload === "take") return second !== undefined && (rangeOf(second)?.low ?? -1) >= 0;
  if (overload === "timestamp_format") return isConstant(second) && args.length === 2 && isSoundTime(args[0]);
  if (OF_TIME.test(overload) && args.length === 1) return isSoundTime(args[0]);
  if (isSafeDivisor(overload, second) || isSoundLiteral(overload, args)) return true;
  return BY_RANGE.test(overload) && rangeOf(node) !== undefined;
}

function isConstant(node: Node | undefined): boolean {
  return node?.kind === "constant";
}

/** Returns true if the replacement of `replace` may be longer than the text that it replaces. */
function replacesMore([, part, by]: readonly Node[]): boolean {
  const known = part?.kind === "constant" && by?.kind === "constant" ? [part.value, by.value] : [];
  const [old, next] = known;
  return !(typeof old === "string" && typeof next === "string" && old !== "" && next.length <= old.length);
}

import { didYouMean } from "../diagnostic/did-you-mean.ts";
import { commonType } from "./assignable.ts";
import type { Ast } from "./ast.ts";
import { checkMacro, MACROS } from "./check-macro.ts";
import { checkHeader, checkSelect, dottedName, rootOf, unknownName } from "./check-name.ts";
import { type Checker, fit, type Place } from "./checker.ts";
import { describeCall } from "./describe-call.ts";
import type { Node } from "./expression.ts";
import { factsOf } from "./facts.ts";
import { anyFails, joinProtos } from "./join.ts";
import { listed } from "./listed.ts";
import { isSoundLiteral, literalFault } from "./literal.ts";
import { resolveEnum } from "./names.ts";
import { isSafeDivisor, rangeOf } from "./range.ts";
import { comparable, nearestOverloads, resolveCall } from "./resolve-call.ts";
import { functionNames, overloadsOf } from "./signatures.ts";
import type { CelType, Proto, Variable } from "./type.ts";
import { typeName } from "./type-name.ts";

const BOOL: CelType = { kind: "bool" };

const DYN: CelType = { kind: "dyn" };

type Call = Ast & { readonly kind: "call" };

/** Operators, functions and macros. */
export function checkCall(checker: Checker, ast: Call, place: Place): Node | undefined {
  const { fn, target, args } = ast;
  if (target === undefined) {
    switch (fn) {
      case "has": {
        const [of] = args;
        if (of?.kind !== "select") {
          return checker.complain("BFF313", ast, "`has` takes a field: has(x.field)");
        }
        const root = rootOf(of);
        if (root?.kind === "ident" && checker.variable(root.name, place) === undefined) {
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
  } else {
    const macro = checkMacro(checker, ast, target, place);
    if (macro !== "no macro") return macro;
  }
  return checkFunction(checker, ast, place);
}

function checkFunction(checker: Checker, ast: Call, place: Place): Node | undefined {
  const { fn, target } = ast;
  const owner = target === undefined ? undefined : dottedName(target);
  const group = target && checker.group(target, place);
  if (group?.role === "error" && fn === "detail") {
    return checker.complain("BFF307", ast, "`error.detail` is not supported yet");
  }
  const ownerRoot = target === undefined ? undefined : rootOf(target);
  const free =
    owner !== undefined && ownerRoot?.kind === "ident" && checker.variable(ownerRoot.name, place) === undefined;
  const full = free ? `${owner}.${fn}` : fn;
  const namespaced = free && (overloadsOf(full).length > 0 || LATER_NAMESPACES.has(owner));
  const name = namespaced ? full : fn;
  const method = target !== undefined && !namespaced;
  if (LATER.has(name) || (namespaced && overloadsOf(name).length === 0)) {
    return checker.complain("BFF307", ast.name, `\`${name}\` is not supported yet`);
  }
  if (overloadsOf(name).length === 0) {
    const enumName = method && owner !== undefined ? `${owner}.${fn}` : fn;
    if (resolveEnum(enumName, checker.scope.container, checker.registry) !== undefined) {
      return checker.complain(
        "BFF307",
        ast.name,
        "making an enum of a number is not supported",
        "Name one of its values.",
      );
    }
    const close = didYouMean(fn, [...functionNames(), ...MACROS, "ok", "has"]);
    return checker.complain("BFF304", ast.name, `there is no function "${name}"`, close && `Did you mean "${close}"?`);
  }
  const nodes = checker.all(method && target !== undefined ? [target, ...ast.args] : ast.args, place);
  if (nodes === undefined) return undefined;
  const types = nodes.map((node) => node.type);
  const match = resolveCall(name, method, types);
  if (match === "ambiguous") {
    return checker.complain(
      "BFF305",
      ast.name,
      `${describeCall(name, method, types)} is ambiguous: dyn may be several things`,
      "Convert it: int(x), double(x), string(x) ….",
    );
  }
  if (match === "none") {
    const near = nearestOverloads(name, types);
    const known = near.map((overload) => describeCall(name, overload.method, overload.params));
    return checker.complain(
      "BFF305",
      ast.name,
      `${describeCall(name, method, types)} does not exist`,
      `There is ${listed([...new Set(known)])}.`,
    );
  }
  const literal = literalFault(match.overload.id, nodes);
  if (literal !== undefined) return checker.complain("BFF314", ast, literal.message, literal.hint);
  const args = nodes.map((node, index) => fit(node, match.params[index] ?? node.type));
  const { id, fails } = match.overload;
  const element = nodes[0]?.proto;
  const proto = id === "add_list" ? joinProtos(nodes) : resultProto(id, element);
  const node: Node = {
    ...checker.base(ast, match.result.kind === "param" ? DYN : match.result, proto, true),
    kind: "call",
    fn: name,
    overload: id,
    args,
  };
  // Arithmetic within a known range cannot overflow.
  const sure = neverFails(id, node, nodes);
  return { ...node, fails: anyFails(args) || (fails && !sure) };
}

function resultProto(overload: string, first: Proto | undefined): Proto | undefined {
  switch (overload) {
    case "index_list":
      return first?.kind === "list" ? first.of : undefined;
    case "index_map":
      return first?.kind === "map" ? first.of : undefined;
    case "take":
      return first;
    case "same":
      // int(x) is a computed number: no enum any more, and range-checked where it is bound to a narrower field.
      return undefined;
    default:
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

/** Functions of the language that the checker knows by name only. */
const LATER: ReadonlySet<string> = new Set(
  (
    "flatten sortBy sort distinct slice first last transformList transformMap transformMapEntry optMap optFlatMap " +
    "cel.bind optional.ofNonZeroValue lists.range"
  ).split(" "),
);

const LATER_NAMESPACES: ReadonlySet<string> = new Set([
  "math",
  "lists",
  "sets",
  "base64",
  "cel",
  "optional",
  "regex",
  "proto",
]);

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
  const type = commonType(yes.type, no.type);
  if (type === undefined) {
    const types = `${typeName(yes.type)} and ${typeName(no.type)}`;
    return checker.complain("BFF305", ast, `the two branches have different types, ${types}`, "Convert one of them.");
  }
  const args = [condition, yes, no];
  const proto = joinProtos([yes, no]);
  const overload = "conditional";
  return { ...checker.base(ast, type, proto, anyFails(args)), kind: "call", fn: ast.fn, overload, args };
}

function checkEquality(checker: Checker, ast: Call, place: Place): Node | undefined {
  const args = checker.all(ast.args, place);
  if (args === undefined) return undefined;
  const [a, b] = args;
  if (a === undefined || b === undefined) return undefined;
  if (!comparable(a.type, b.type)) {
    const types = args.map((node) => node.type);
    const hint =
      a.type.kind === "null" || b.type.kind === "null" ? "Only messages and wrappers can be null." : undefined;
    return checker.complain("BFF305", ast, `${describeCall(ast.fn, false, types)} does not exist`, hint);
  }
  warnOfNull(checker, ast, a, b);
  warnOfNull(checker, ast, b, a);
  const overload = ast.fn === "_==_" ? "equals" : "not_equals";
  return { ...checker.base(ast, BOOL, undefined, anyFails(args)), kind: "call", fn: ast.fn, overload, args };
}

/** In CEL an unset message reads as its default, so that asking whether it is null is a mistake. */
function warnOfNull(checker: Checker, ast: Call, message: Node, other: Node): void {
  if (message.type.kind !== "message" || other.kind !== "constant" || other.type.kind !== "null") return;
  if (message.kind !== "select" && message.kind !== "name") return;
  const hint = message.kind === "select" ? "Ask has(x.field)." : "Ask ok(step), or has(x.field).";
  checker.complain("BFF315", ast, "a message is never null: when it is unset it reads as its default", hint, "warning");
}

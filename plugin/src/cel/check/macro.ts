import type { Ast } from "../syntax/ast.ts";
import { type MacroCall, macroCall, macroForm } from "../syntax/macros.ts";
import { isComplete } from "../types/facts/places.ts";
import { checked } from "../types/forms/fit.ts";
import { anyFails, computedList, elementProto } from "../types/forms/join.ts";
import type { CelType, Node, Proto, Variable } from "../types/model/type.ts";
import { whereItemHolds, withItemFacts } from "./absence/missing-fields.ts";
import type { CelPlace, Checker } from "./checker.ts";
import { NO_NULL } from "./literal.ts";
import { checkReduce } from "./reduce.ts";

const BOOL: CelType = { kind: "bool" };
const INT: CelType = { kind: "int" };
const DYN: CelType = { kind: "dyn" };
const ENTRY: CelType = { kind: "map", key: DYN, value: DYN };
const OPTIONAL: CelType = { kind: "optional", of: DYN };
/** Macros whose first body is a condition even if it is the only body. */
const CONDITIONS: ReadonlySet<string> = new Set(["all", "exists", "exists_one", "filter", "first"]);

const SORTS: ReadonlySet<string> = new Set(["sortBy", "sortDesc"]);

/** The type of a value, and its representation in protobuf. */
type Typed = readonly [type: CelType, proto: Proto | undefined];

/** Checks a call of a macro, such as `list.map(item, …)`, before its expansion. */
export function checkMacro(
  checker: Checker,
  ast: Ast & { kind: "call" },
  place: CelPlace,
): Node | undefined | "no macro" {
  const call = macroCall(ast);
  if (call === undefined) return "no macro";
  if (call === "malformed") {
    return checker.complain("BFF313", ast, `${macroArguments(ast.fn)}: ${macroForm(ast.fn)}`);
  }
  const names = call.variables.map((variable) => variableName(checker, variable));
  const misnamed = call.variables.find((_, index) => names[index] === undefined);
  if (misnamed !== undefined) {
    const which = call.variables.length === 1 ? "the first argument of" : "the first arguments of";
    const is = call.variables.length === 1 ? "must be the name of its variable" : "must be the names of its variables";
    return checker.complain("BFF313", misnamed, `${which} \`${ast.fn}\` ${is}`);
  }
  if (names.length === 2 && names[0] === names[1]) {
    return checker.complain("BFF313", call.variables[1] ?? ast, `both variables of \`${ast.fn}\` have the same name`);
  }
  const [first, second] = names;
  if (call.macro === "reduce" && first !== undefined && second !== undefined)
    return checkReduce(checker, call, [first, second], ast, place);
  const range = checker.check(call.range, place);
  if (range === undefined) return undefined;
  const items = itemsOf(checker, call, range);
  if (items === undefined && checker.language.checked) {
    const over = call.macro.startsWith("opt") ? "needs an optional" : "needs a list or a map";
    checker.complain("BFF305", call.range, `\`${ast.fn}\` ${over}, and this is ${checker.shown(range.type)}`);
  }
  const over = rangeNode(checker, call, range, items !== undefined);
  const vars = names.flatMap((name, index): Variable[] => {
    const [type, proto] = items?.[index] ?? [DYN, undefined];
    const complete = isComplete(over);
    return name === undefined
      ? []
      : [{ name, role: "local", absent: false, type, proto, ...(complete && { complete }) }];
  });
  const locals = new Map([...place.locals, ...vars.map((variable) => [variable.name, variable] as const)]);
  const bodies = checkBodies(checker, call, withItemFacts({ ...place, locals }, over, vars), vars);
  const args = bodies && conditions(checker, call, bodies);
  if (args === undefined || (items === undefined && checker.language.checked)) return undefined;
  const result = resultOf(checker, call, over, vars, args);
  if (result === undefined) return undefined;
  const [type, proto] = result;
  const fails =
    over.fails ||
    checker.typeOf(over).kind === "dyn" ||
    anyFails(args) ||
    call.macro === "transformMapEntry" ||
    (SORTS.has(call.macro) && args.some((key) => UNSURE.has(checker.typeOf(key).kind)));
  const base = checker.base(ast, type, proto, fails);
  const declaredAt = call.variables.map((variable) => checker.origin(variable));
  const node: Node = { ...base, kind: "macro", macro: call.macro, range: over, vars, declaredAt, args };
  checker.expected.set(node, expectedOf(call, args));
  return node;
}

/** Checks the bodies of a macro. The first of two is a condition, which the second one relies on. */
function checkBodies(
  checker: Checker,
  { macro, bodies: [first, ...others] }: MacroCall,
  place: CelPlace,
  vars: readonly Variable[],
): Node[] | undefined {
  if (first === undefined) return [];
  // `all(i, x, p)` has two variables, and map(x, p, e) one.
  if (macro === "map" && others.length === 1 && first.kind === "ident" && !checker.variable(first.name, place))
    return checker.complain("BFF302", first, `"${first.name}" is not in scope here`, POSITIONS);
  const head = checker.check(first, place);
  const rest = checker.all(others, whereItemHolds(place, head, vars));
  return head && rest && [head, ...rest];
}

const POSITIONS = "write transformList(i, x, e) for positions and elements: the second operand of map is a condition";

/** Returns a sentence with the arguments of a macro. */
function macroArguments(fn: string): string {
  switch (fn) {
    case "bind":
      return "`cel.bind` takes a name, a value and an expression";
    case "reduce":
      return "`reduce` takes two names, an expression and a start value";
    default:
      return `\`${fn}\` takes a name and an expression`;
  }
}

/** Types whose values may be unordered. */
const UNSURE: ReadonlySet<CelType["kind"]> = new Set<CelType["kind"]>(["dyn", "wrapper", "null", "param"]);

/** Returns the range of a macro. A dyn has to be an optional for the macros of optionals. */
function rangeNode(checker: Checker, { macro }: MacroCall, range: Node, known: boolean): Node {
  if (!known) return checker.dynamic(range);
  const dyn = macro.startsWith("opt") && checker.typeOf(range).kind === "dyn";
  return dyn ? checked(range, OPTIONAL) : range;
}

/** Required types of the last body; other macros accept any type. */
const LAST_BODIES: ReadonlyMap<string, CelType> = new Map<string, CelType>([
  ["transformMapEntry", ENTRY],
  ["optFlatMap", OPTIONAL],
]);

/** The first body of most macros is a condition, the last of `transformMapEntry` a map. */
function expectedOf({ macro }: MacroCall, args: readonly Node[]): readonly CelType[] {
  const last = LAST_BODIES.get(macro) ?? DYN;
  if (args.length > 1) return [BOOL, last];
  return [CONDITIONS.has(macro) ? BOOL : last];
}

/** Returns the name of a variable. Optimizers write `cel.iterVar(0, 1)` for one. */
function variableName(checker: Checker, ast: Ast): string | undefined {
  if (ast.kind === "ident") return ast.absolute ? undefined : ast.name;
  return checker.language.blocks ? iterationVariable(ast) : undefined;
}

export function iterationVariable(ast: Ast): string | undefined {
  if (ast.kind !== "call" || ast.target?.kind !== "ident" || ast.target.name !== "cel") return undefined;
  if (ast.fn !== "iterVar" && ast.fn !== "accuVar") return undefined;
  const indexes = ast.args.map((arg) => (arg.kind === "constant" ? String(arg.value) : "_"));
  return `_${ast.fn}_${indexes.join("_")}`;
}

/** The first body of most macros is a condition. */
function conditions(
  checker: Checker,
  { macro, bodies }: MacroCall,
  nodes: readonly Node[],
): readonly Node[] | undefined {
  const [first, second] = nodes;
  const [at] = bodies;
  if (first === undefined || at === undefined) return undefined;
  const filters = CONDITIONS.has(macro) || second !== undefined;
  const condition = filters ? checker.condition(first, at) : first;
  if (condition === undefined) return undefined;
  return second === undefined ? [condition] : [condition, second];
}

/** Returns the types of a macro's variables. Undefined if the macro cannot iterate over the type of the range. */
function itemsOf(checker: Checker, { macro, variables }: MacroCall, range: Node): readonly Typed[] | undefined {
  const type = checker.typeOf(range);
  if (macro === "bind") return [[type, type.kind === "wrapper" ? undefined : range.proto]];
  if (macro === "optMap" || macro === "optFlatMap") {
    if (type.kind === "optional") return [[type.of, undefined]];
    return isOpen(checker, range) ? [[DYN, undefined]] : undefined;
  }
  const two = variables.length === 2;
  if (type.kind === "list") {
    const item: Typed = [type.element, range.proto?.kind === "list" ? range.proto.of : undefined];
    return two ? [[INT, undefined], item] : [item];
  }
  if (type.kind === "map" && !SORTS.has(macro)) {
    const { proto } = range;
    const key: Typed = [type.key, proto?.kind === "map" ? { kind: "scalar", scalar: proto.key } : undefined];
    return two ? [key, [type.value, proto?.kind === "map" ? proto.of : undefined]] : [key];
  }
  return isOpen(checker, range)
    ? [
        [DYN, undefined],
        [DYN, undefined],
      ]
    : undefined;
}

/**
 * Returns true if the range may have any type. It is then fixed to dyn, so that later checks cannot decide otherwise.
 */
function isOpen(checker: Checker, range: Node): boolean {
  const type = checker.typeOf(range);
  return type.kind === "dyn" || (type.kind === "param" && checker.types.assignable(DYN, type));
}

function listProto(of: Proto | undefined): Proto | undefined {
  return of && { kind: "list", of };
}

const ORDERED: ReadonlySet<string> = new Set(["bool", "int", "uint", "double", "string", "bytes", "dyn", "param"]);

function isOrdered(type: CelType): boolean {
  if (type.kind === "message") return /^google\.protobuf\.(Timestamp|Duration)$/.test(type.desc.typeName);
  return ORDERED.has(type.kind === "wrapper" ? type.of.kind : type.kind);
}

function resultOf(
  checker: Checker,
  call: MacroCall,
  range: Node,
  vars: readonly Variable[],
  args: readonly Node[],
): Typed | undefined {
  const body = args.at(-1);
  const at = call.bodies.at(-1);
  const [first] = vars;
  if (body === undefined || at === undefined || first === undefined) return undefined;
  const type = checker.typeOf(body);
  switch (call.macro) {
    case "map":
    case "transformList":
      return [{ kind: "list", element: type }, listProto(elementProto(body))];
    case "first":
      return [{ kind: "optional", of: first.type }, undefined];
    case "filter":
      return [{ kind: "list", element: first.type }, listProto(first.proto)];
    case "sortBy":
    case "sortDesc":
      if (isOrdered(type) || !checker.language.checked) return [range.type, computedList(range.proto)];
      return checker.complain("BFF305", at, `values of type ${checker.shown(type)} cannot be sorted`);
    case "transformMap":
      return [{ kind: "map", key: first.type, value: type }, undefined];
    case "transformMapEntry": {
      if (type.kind === "map" || type.kind === "dyn") return [type, undefined];
      if (type.kind === "param" || !checker.language.checked) return [DYN, undefined];
      return checker.complain(
        "BFF305",
        at,
        `an entry must be a map, and this is ${checker.shown(type)}`,
        "write {key: value}",
      );
    }
    case "bind":
      return [body.type, body.proto];
    case "optMap":
      return [{ kind: "optional", of: type }, undefined];
    case "optFlatMap": {
      if (type.kind === "optional" || type.kind === "dyn") return [type, undefined];
      const open: CelType = { kind: "optional", of: checker.types.fresh() };
      if (type.kind === "param" && checker.types.assignable(type, open)) return [open, undefined];
      if (!checker.language.checked) return [DYN, undefined];
      const hint = type.kind === "null" ? NO_NULL : "write optMap, or optional.of(…)";
      return checker.complain(
        "BFF305",
        at,
        `the result of \`optFlatMap\` must be an optional, and this is ${checker.shown(type)}`,
        hint,
      );
    }
    default:
      return [BOOL, undefined];
  }
}

import type { MacroCall } from "../syntax/macros.ts";
import { isComplete } from "../types/facts/places.ts";
import type { CelType, Node, Variable } from "../types/model/type.ts";
import { nullMeetsOptional } from "../types/model/type-variables.ts";
import { withItemFacts } from "./absence/missing-fields.ts";
import type { CelPlace, Checker } from "./checker.ts";
import { NO_NULL } from "./literal.ts";

const DYN: CelType = { kind: "dyn" };
/** Types whose values have a fixed size, so that a result cannot grow with each item. */
const FIXED: ReadonlySet<CelType["kind"]> = new Set<CelType["kind"]>(["bool", "int", "uint", "double", "null"]);

/**
 * Checks `list.reduce(result, item, …, begin)`: its arguments are the start value, and the next result for each item.
 */
export function checkReduce(
  checker: Checker,
  call: MacroCall,
  names: readonly [result: string, item: string],
  at: { readonly start: number; readonly end: number },
  place: CelPlace,
): Node | undefined {
  const [step, begin] = call.bodies;
  if (step === undefined || begin === undefined) return undefined;
  const range = checker.check(call.range, place);
  const first = checker.check(begin, place);
  if (range === undefined || first === undefined) return undefined;
  const over = checker.typeOf(range);
  if (over.kind !== "list" && over.kind !== "dyn")
    return checker.complain("BFF305", call.range, `\`reduce\` needs a list, and this is ${checker.shown(over)}`);
  const type = resultType(checker.typeOf(first));
  const result: Variable = { name: names[0], role: "local", absent: false, type, proto: undefined };
  const item: Variable = {
    name: names[1],
    role: "local",
    absent: false,
    type: over.kind === "list" ? over.element : DYN,
    proto: range.proto?.kind === "list" ? range.proto.of : undefined,
    ...(isComplete(range) && { complete: true }),
  };
  const locals = new Map([...place.locals, [result.name, result] as const, [item.name, item] as const]);
  const next = checker.check(step, withItemFacts({ ...place, locals }, range, [item]));
  if (next === undefined) return undefined;
  const apart = checker.language.soundLiterals && nullMeetsOptional(checker.typeOf(next), type);
  if (apart || !checker.types.assignable(checker.typeOf(next), type))
    return checker.complain(
      "BFF305",
      step,
      `\`reduce\` starts with ${checker.shown(type)}, and its expression has the type ${checker.shown(next.type)}`,
      apart ? NO_NULL : "use one type for both",
    );
  const grows = !FIXED.has(checker.typeOf(first).kind);
  const fails = range.fails || over.kind === "dyn" || first.fails || next.fails || grows;
  const node: Node = {
    ...checker.base(at, type, undefined, fails),
    kind: "macro",
    macro: "reduce",
    range,
    vars: [result, item],
    declaredAt: call.variables.map((variable) => checker.origin(variable)),
    args: [first, next],
  };
  checker.expected.set(node, [type, type]);
  return node;
}

/** Returns the type of a result from the start value. Only CEL's type remains: no enum, and null becomes a dyn. */
function resultType(type: CelType): CelType {
  switch (type.kind) {
    case "int":
      return { kind: "int" };
    case "wrapper":
      return resultType(type.of);
    case "null":
      return DYN;
    case "list":
      return { kind: "list", element: type.element.kind === "int" ? { kind: "int" } : type.element };
    default:
      return type;
  }
}

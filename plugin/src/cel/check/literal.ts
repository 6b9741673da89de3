import type { Ast } from "../syntax/ast.ts";
import { anyFails, isPlain, joinProtos } from "../types/forms/join.ts";
import type { CelType, Node } from "../types/model/type.ts";
import { nullMeetsOptional } from "../types/model/type-variables.ts";
import type { CelPlace, Checker } from "./checker.ts";

const NONE_AFTER = "write optional.none() after the ?";
/** Hint for null where an optional is expected. */
export const NO_NULL = "write optional.none() in place of null";

/** `[a, ?b]`. */
export function checkList(checker: Checker, ast: Ast & { kind: "list" }, place: CelPlace): Node | undefined {
  const elements = checker.all(ast.elements, place);
  if (elements === undefined) return undefined;
  const types = itemTypes(checker, elements, ast.elements, (index) => ast.optionals.has(index));
  const element = types && joined(checker, types, ast.elements);
  if (element === undefined) return undefined;
  const kept = elements.every(isPlain) && ast.optionals.size === 0;
  const proto = kept ? joinProtos(elements) : undefined;
  const node: Node = {
    ...checker.base(ast, { kind: "list", element }, proto && { kind: "list", of: proto }, anyFails(elements)),
    kind: "list",
    elements,
    ...(ast.optionals.size === 0 ? {} : { optionals: ast.optionals }),
  };
  checker.expected.set(
    node,
    elements.map((_, index) => (ast.optionals.has(index) ? { kind: "optional", of: element } : element)),
  );
  return node;
}

/** `{k: a, ?l: b}`. */
export function checkMap(checker: Checker, ast: Ast & { kind: "map" }, place: CelPlace): Node | undefined {
  const nodes = checker.all(
    ast.entries.flatMap(({ key, value }) => [key, value]),
    place,
  );
  if (nodes === undefined) return undefined;
  const keys = nodes.filter((_, index) => index % 2 === 0);
  const values = nodes.filter((_, index) => index % 2 === 1);
  const asts = ast.entries.map(({ value }) => value);
  const isOptional = (index: number) => ast.entries[index]?.optional ?? false;
  const types = itemTypes(checker, values, asts, isOptional);
  if (types === undefined) return undefined;
  const keyTypes = keys.map((key) => checker.typeOf(key));
  const wrong = checker.language.soundLiterals ? keyTypes.find(({ kind }) => !KEYS.has(kind)) : undefined;
  if (wrong !== undefined)
    return checker.complain("BFF305", ast, `a map cannot have keys of type ${checker.shown(wrong)}`);
  const key = joined(checker, keyTypes, []);
  const value = joined(checker, types, asts);
  if (key === undefined || value === undefined) return undefined;
  // A repeated key fails at run time, and so does a key of a type that is no key type.
  const known = keys.every((keyNode) => keyNode.kind === "constant");
  const twice = keys.length > new Set(keys.map(constantOf)).size || (keys.length > 1 && !known);
  const fails = anyFails(nodes) || twice || keyTypes.some(({ kind }) => !PLAIN_KEYS.has(kind));
  const node: Node = {
    ...checker.base(ast, { kind: "map", key, value }, undefined, fails),
    kind: "map",
    entries: keys.flatMap((keyNode, index) => {
      const item = values[index];
      if (item === undefined) return [];
      return [isOptional(index) ? ([keyNode, item, true] as const) : ([keyNode, item] as const)];
    }),
  };
  checker.expected.set(
    node,
    keys.flatMap((_, index) => [key, isOptional(index) ? { kind: "optional", of: value } : value]),
  );
  return node;
}

const PLAIN_KEYS: ReadonlySet<CelType["kind"]> = new Set<CelType["kind"]>(["bool", "int", "uint", "string"]);
const KEYS: ReadonlySet<CelType["kind"]> = new Set<CelType["kind"]>([...PLAIN_KEYS, "dyn", "param", "wrapper"]);

/** Returns the types of items. An optional counts as its content. */
function itemTypes(
  checker: Checker,
  nodes: readonly Node[],
  asts: readonly Ast[],
  isOptional: (index: number) => boolean,
): readonly CelType[] | undefined {
  const types = nodes.map((node, index) => {
    const type = checker.typeOf(node);
    if (!isOptional(index)) return type;
    const at = asts[index];
    return at && optionalOf(checker, type, at);
  });
  const sound = types.filter((type) => type !== undefined);
  return sound.length === types.length ? sound : undefined;
}

/** Returns the content type of an optional after a `?`. */
export function optionalOf(checker: Checker, type: CelType, at: Ast): CelType | undefined {
  if (type.kind === "optional") {
    if (type.of.kind !== "null" || !checker.language.soundLiterals) return type.of;
    return checker.complain("BFF305", at, "the optional after ? never holds a value but null", NONE_AFTER);
  }
  if (type.kind === "dyn") return type;
  if (type.kind === "param") {
    const of = checker.types.fresh();
    if (checker.types.assignable(type, { kind: "optional", of })) return of;
  }
  if (!checker.language.checked) return { kind: "dyn" };
  const hint = type.kind === "null" ? NO_NULL : "leave out the ?, or write optional.of(…)";
  return checker.complain(
    "BFF305",
    at,
    `the value after ? must be an optional, and this is ${checker.shown(type)}`,
    hint,
  );
}

/** Returns the common type of items. Undefined after a diagnostic, for null beside an optional. */
function joined(checker: Checker, types: readonly CelType[], asts: readonly Ast[]): CelType | undefined {
  const [first, ...rest] = types;
  if (first === undefined) return checker.types.fresh();
  const meets = (type: CelType) => type.kind !== "optional" && types.some((other) => nullMeetsOptional(type, other));
  const at = checker.language.soundLiterals ? asts[types.findIndex(meets)] : undefined;
  if (at !== undefined) return checker.complain("BFF305", at, "null and an optional have no type in common", NO_NULL);
  return rest.reduce((type, other) => checker.types.join(type, other) ?? { kind: "dyn" }, first);
}

function constantOf(node: Node): unknown {
  return node.kind === "constant" ? node.value : node;
}

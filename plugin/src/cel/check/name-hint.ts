import { didYouMean } from "../../diagnostic/diagnostic.ts";
import type { Ast } from "../syntax/ast.ts";
import { valueEndingIn } from "../types/model/names.ts";
import type { CelType, Variable } from "../types/model/type.ts";
import { type CelPlace, type Checker, nameList } from "./checker.ts";

const SIZES: ReadonlySet<string> = new Set(["length", "size", "count"]);

/** Returns the correction of an unknown name. `dotted` is the name with the members after it. */
export function unknownNameHint(checker: Checker, name: string, dotted: string, place: CelPlace): string | undefined {
  const isCode = checker.registry.getEnum("bff.v1.Code")?.values.some((value) => value.name === name);
  if (isCode && !dotted.includes(".")) return `write bff.v1.Code.${name}`;
  // A step whose name is reserved (BFF107) is in scope beside the other owner of the name.
  const names = [...new Set([...place.locals.keys(), ...checker.scope.names()])];
  if (name === "claims" && names.includes("credential"))
    return 'set the message of the claims in the source, as in claims: "Claims"';
  const close = memberNamed(checker, name, place) ?? didYouMean(name, names) ?? valueEndingIn(dotted, checker.registry);
  if (close !== undefined) return `did you mean "${close}"?`;
  return names.length === 0
    ? undefined
    : `choose a name in scope: ${nameList(names)}${asArgument(checker, name, place)}`;
}

/**
 * Returns the hint to add an argument. A message that steps compose sees only its arguments, so the missing name may be
 * one of the composer.
 */
function asArgument(checker: Checker, name: string, place: CelPlace): string {
  const isArgument = checker.variable("args", place)?.type.kind === "struct" && /^[a-z]/.test(name);
  return isArgument ? `; or pass the value as an argument of the composing step, and read args.${name}` : "";
}

/** Returns the correction of a name that lacks `args` or `env` before it. */
function memberNamed(checker: Checker, name: string, place: CelPlace): string | undefined {
  const offered = new Set(checker.scope.names());
  return ["args", "env"].flatMap((group) => {
    if (offered.has(`${group}.${name}`)) return [`${group}.${name}`];
    const type = checker.variable(group, place)?.type;
    const has =
      type?.kind === "struct"
        ? type.members.has(name)
        : type?.kind === "message" && type.desc.fields.some((field) => field.name === name);
    return has ? [`${group}.${name}`] : [];
  })[0];
}

/** Returns the correction of a member that a group lacks. */
export function unknownMemberHint(group: Variable, member: string, members: readonly string[]): string | undefined {
  const close = didYouMean(member, members);
  if (close !== undefined) return `did you mean "${close}"?`;
  if (group.role === "env") return `declare it: option (bff.v1.file) = { env: { name: "${member}" type: "string" } };`;
  return members.length > 0 ? `choose one of ${nameList(members)}` : undefined;
}

/** Returns the correction of a field of a value that is no message. */
export function noFieldsHint(
  checker: Checker,
  type: CelType,
  ast: Ast & { kind: "select" },
  place: CelPlace,
): string | undefined {
  const of = checker.textOf(ast.of);
  const items = type.kind === "list" ? checker.types.resolve(type.element) : undefined;
  if (items?.kind === "message" && items.desc.fields.some(({ name }) => name === ast.field)) {
    const item = checker.variable("item", place) === undefined ? "item" : "x";
    return `read the field of each item: ${of}.map(${item}, ${item}.${ast.field})`;
  }
  const counted = type.kind === "list" || type.kind === "string" || type.kind === "bytes";
  return counted && SIZES.has(ast.field) ? `write size(${of})` : undefined;
}

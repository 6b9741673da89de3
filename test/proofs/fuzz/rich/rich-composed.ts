// Composed messages of random BFFs whose fields other messages read, although they may be missing.
import type { Expressions } from "./rich-expressions.ts";
import { type Composed, constantOf, FIELDS, type Type } from "./rich-types.ts";

/** A value inside of a message, by its type and its path there. */
export type Member = readonly [Type, string];

/** A message for steps to compose. */
export interface Composable {
  readonly name: Composed;
  readonly args: readonly Type[];
  readonly effects: boolean;
  /** True if parts of it come later, so that no expression reads it. */
  readonly later: boolean;
}

/** A field that may be missing. */
export interface MissingField {
  readonly type: Type;
  /** The message that has it. */
  readonly of: string;
  readonly name: string;
}

/** Argument types of the message that reads another composed one. */
export const OVER: readonly Type[] = ["string", "Sub"];

/** Readable members of fields that are copies. */
const COPIES: Readonly<Record<string, readonly Member[]>> = {
  ItemCopy: [
    ["string", "id"],
    ["string", "note"],
    ["Texts", "attributes"],
  ],
  OrderCopy: [["string", "id"]],
  SizeCopy: [["int", "width"]],
};
const READ = ["string", "int", "bool", "Kind", "strings", "Texts", "Numbered", "Sub", "Subs"] as const;

/** Returns the members of a composed message, from the declared types and the names of its fields. */
export function membersOf(
  fields: readonly (readonly [declared: string, name: string])[],
  copy: readonly Member[] = [],
): readonly Member[] {
  return fields.flatMap(([declared, name]): readonly Member[] => {
    const type = READ.find((candidate) => FIELDS[candidate] === declared);
    const inside = declared === "SubCopy" ? copy : (COPIES[declared] ?? []);
    return [
      ...(type === undefined ? [] : [[type, name] as const]),
      ...inside.map(([of, path]) => [of, `${name}.${path}`] as const),
    ];
  });
}

/** A copy of the composed message, with some of its fields. */
export function copyOfSub(
  e: Expressions,
  fields: readonly (readonly [declared: string, name: string])[],
): { readonly text: string; readonly members: readonly Member[] } {
  const taken = fields.filter(([declared]) => !declared.includes("Sub") && e.chance(0.6));
  const renamed = taken.map(([declared, name]) => [declared, e.chance(0.3) ? `${name}_own` : name] as const);
  const declarations = renamed.map(([declared, name], i) => {
    const rules = [
      ...(name.endsWith("_own") ? [`alias: "${taken[i]?.[1]}"`] : []),
      ...(declared === "optional string" && e.chance(0.2) ? [`fallback: "'none'"`] : []),
    ];
    return `${declared} ${name} = ${i + 1}${rules.length > 0 ? ` [(bff.v1.field) = { ${rules.join(" ")} }]` : ""};`;
  });
  const text = `message SubCopy { option (bff.v1.message).alias = "Sub"; ${declarations.join(" ")} }`;
  return { text, members: membersOf(renamed) };
}

/** Returns a test of a field that may be missing. */
export function testOf(e: Expressions): string {
  const { of, name } = e.pick(e.missing);
  return `${e.pick(["ok", "ok", "has"])}(${of}.${name})`;
}

/** Returns an expression of a type over fields that may be missing. */
export function readOf(e: Expressions, type: Type, depth: number): string | undefined {
  const fields = e.missing.filter((field) => field.type === type);
  const lists = (["Subs", "Overs"] as const).filter((list) => e.hasItems(list));
  const list = lists.length > 0 && e.chance(0.6) ? e.pick(lists) : undefined;
  if (list !== undefined) return overItems(e, list, type, depth);
  if (fields.length === 0) return undefined;
  const { of, name } = e.pick(fields);
  const whole = `${of}.${name}`;
  return e.pick([
    () => whole,
    () => `(${e.pick(["ok", "has"])}(${whole}) ? ${whole} : ${e.of(type, depth)})`,
    () =>
      name.includes(".") || type === "Kind"
        ? `(${e.bool(depth)} ? ${whole} : ${constantOf(() => e.random(), type)})`
        : `${of}.?${name}.orValue(${e.of(type, depth)})`,
  ])();
}

function overItems(e: Expressions, list: "Subs" | "Overs", type: Type, depth: number): string | undefined {
  const of = e.of(list, 0);
  return e.with(list === "Subs" ? "Sub" : "Over", "c", () => {
    const read = (result: Type): string => {
      const inItem = e.missing.filter((field) => field.type === result && field.of.startsWith("c"));
      if (inItem.length === 0 || e.chance(0.2)) return e.of(result, depth);
      const { of: owner, name } = e.pick(inItem);
      return `${owner}.${name}`;
    };
    const test = (): string => (e.missing.length > 0 && e.chance(0.6) ? testOf(e) : e.bool(depth));
    switch (type) {
      case "strings":
        return e.pick([
          () => `${of}.map(c, ${read("string")})`,
          () => `${of}.map(c, ${test()}, ${read("string")})`,
          () => `${of}.filter(c, ${test()}).map(c, ${read("string")})`,
        ])();
      case "int":
        return e.pick([
          () => `${of}.map(c, ${read("int")}).sum()`,
          () => `${of}.filter(c, ${test()}).map(c, ${read("int")}).sum()`,
          () => `${of}.filter(c, ${test()}).size()`,
        ])();
      case "bool":
        return `${of}.${e.pick(["exists", "all", "exists_one"])}(c, ${e.chance(0.5) ? `${read("string")} == 'a'` : test()})`;
      case "string":
        return `${of}.filter(c, ${test()}).map(c, ${read("string")}).first().orValue('none')`;
      default:
        return undefined;
    }
  });
}

import type { CelType } from "../types/model/type.ts";
import { typeName } from "../types/model/type-name.ts";

/** A call by its types, as an author would write it: `int + string`, `string.contains(int)`. */
export function describeCall(fn: string, method: boolean, types: readonly CelType[]): string {
  const names = types.map(typeName);
  const [first = "", second = "", third = ""] = names;
  const infix = /^_([^_[\]?]+)_$/.exec(fn)?.[1];
  if (infix !== undefined) return `${first} ${infix} ${second}`;
  if (fn === "@in") return `${first} in ${second}`;
  if (fn === "_[_]") return `${first}[${second}]`;
  if (fn === "_[?_]") return `${first}[?${second}]`;
  if (fn === "_?_:_") return `${first} ? ${second} : ${third}`;
  const prefix = /^([!-])_$/.exec(fn)?.[1];
  if (prefix !== undefined) return `${prefix}${first}`;
  return method ? `${first}.${fn}(${names.slice(1).join(", ")})` : `${fn}(${names.join(", ")})`;
}

/** A few names for a hint. */
export function nameList(names: readonly string[], prefix = ""): string {
  const shown = names.slice(0, 8).map((name) => prefix + name);
  return shown.join(", ") + (names.length > shown.length ? ", …" : "");
}

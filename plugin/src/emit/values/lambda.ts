// Functions of a request: their parameters, and values that may be absent.
import { type Expression, emitValue, type Names } from "../../cel/index.ts";
import { lowerCamel, NameScope } from "../../plan/names/name-scope.ts";
import { appNames } from "../names/app-names.ts";
import type { FileNames } from "../names/file-names.ts";
import { type Line, mentions } from "../text/lines.ts";

/** A parameter with its type, where TypeScript is to take that from here. */
export interface Typed {
  readonly name: string;
  readonly type: Line;
}

/** Parameters up to the last one that is read; the unread ones among them get a `_`. */
export function readParameters(names: readonly string[], reads: (name: string) => boolean): string {
  const taken = names.slice(0, names.findLastIndex(reads) + 1);
  return taken.map((name) => (reads(name) ? name : `_${name}`)).join(", ");
}

/** `(cx, args) => …`: of the parameters at the end only those that are read, and others with `_` before. */
export function lambda(cx: Line, others: readonly (string | Typed)[], body: Line): Line {
  const reads = (name: string): boolean => mentions([body], name);
  const nameOf = (one: string | Typed): string => (typeof one === "string" ? one : one.name);
  const last = others.findLastIndex((one) => reads(nameOf(one)));
  const [first, ...type] = cx;
  const needed = reads("cx") || last >= 0 || type.length > 0;
  const parameters: Line[] = [
    ...(needed ? [[reads("cx") ? (first ?? "") : `_${String(first)}`, ...type]] : []),
    ...others.slice(0, last + 1).map((one): Line => {
      const name = nameOf(one);
      return [reads(name) ? name : `_${name}`, ...(typeof one === "string" ? [] : [": ", ...one.type])];
    }),
  ];
  return ["(", ...parameters.flatMap((one, i): Line => (i === 0 ? one : [", ", ...one])), ") => ", ...body];
}

export function absentAs(value: string, { unsafe, given }: Expression, names: Names, print: Line): Line {
  // What the condition has made sure of TypeScript does not see here.
  const missing = [...unsafe, ...given].flatMap(
    (variable, i): Line => [...(i === 0 ? [] : [" || "]), names.variable(variable), " === undefined"],
  );
  return missing.length === 0 ? print : [...missing, ` ? ${value} : `, ...print];
}
export function applies(condition: Expression, names: Names): Line {
  const { print, precedence } = emitValue(condition, names);
  const there = condition.unsafe.flatMap((variable): Line => [names.variable(variable), " !== undefined && "]);
  if (there.length === 0) return print;
  return precedence === "atom" ? [...there, ...print] : [...there, "(", ...print, ")"];
}

/** Names where a request stands under `cx`, as itself or as it arrives. */
export function requestNames(names: FileNames, functions: NameScope): Names {
  const within = appNames(names);
  const taken = new NameScope(functions, ["result", "deps", "app"]);
  return {
    ...within,
    variable: (variable) => {
      const name = within.variable(variable);
      return variable.role === "var" || variable.role === "env" ? ["cx.app.", name] : name;
    },
    own: (fn) => `cx.app.functions.${names.own(fn)}`,
    local: (name) => {
      let free = lowerCamel(name);
      while (taken.has(free)) free += "_";
      return free;
    },
  };
}

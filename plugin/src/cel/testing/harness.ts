// For tests: checks and prints expressions without a generated file around them.
import { stripTypeScriptTypes } from "node:module";
import type { DescEnum, DescMessage, Registry } from "@bufbuild/protobuf";
import type { Printable } from "@bufbuild/protoplugin";
import type { Diagnostic, Text } from "../../diagnostic/diagnostic.ts";
import {
  type CelType,
  checkExpression,
  type Expression,
  type Names,
  type Proto,
  type Scope,
  type Variable,
} from "../index.ts";
import { LANGUAGE, type Language } from "../types/functions/language.ts";

/** A text of one line or several that starts at 1:1 of "test.proto". */
export function textOf(value: string): Text {
  const place = (offset: number) => {
    const before = value.slice(0, offset).split("\n");
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  };
  const origin = (from: number, to = from + 1) => {
    const start = place(from);
    const end = place(to);
    return { file: "test.proto", ...start, endLine: end.line, endColumn: end.column };
  };
  return { value, at: origin(0, value.length), place: origin };
}

export function variable(
  name: string,
  type: CelType,
  more: { readonly role?: Variable["role"]; readonly proto?: Proto; readonly absent?: boolean } = {},
): Variable {
  return { name, role: more.role ?? "step", type, proto: more.proto, absent: more.absent ?? false };
}

export function scopeOf(variables: readonly Variable[], container = ""): Scope {
  const byName = new Map(variables.map((variable) => [variable.name, variable]));
  return { lookup: (name) => byName.get(name), names: () => byName.keys(), container };
}

/** Names printed bare: `equal(…)`, `UserSchema`, `Status.IDLE`. */
export function bareNames(paths: ReadonlyMap<Variable, string> = new Map()): Names {
  return {
    variable: (variable) => paths.get(variable) ?? variable.name,
    runtime: (name) => name,
    schema: (desc) => `${desc.name}Schema`,
    shape: (desc) => desc.name,
    random: (what, place) => `cx.random${what}(${JSON.stringify(place)})`,
    local: (name) => name,
  };
}

/** Names as keys of the parameters `rt`, `schemas`, `enums` (made with `keyed`) and `vars` of a function. */
export const LOOKED_UP: Names = {
  variable: (variable) => `vars[${JSON.stringify(variable.name)}]`,
  runtime: (name) => `rt.${name}`,
  schema: (desc) => `schemas(${JSON.stringify(desc.typeName)})`,
  // No call, because it is also used as a type.
  shape: (desc: DescMessage | DescEnum) => `enums[${JSON.stringify(desc.typeName)}]`,
  extension: (extension) => `schemas(${JSON.stringify(extension.typeName)}, "extension")`,
  registry: () => "{ getMessage: schemas }",
  random: (what) => (what === "Uuid" ? '"0f8fad5b-d9cb-469f-a165-70867728950e"' : "0.5"),
  // A prefix, since names of CEL may be reserved words of JavaScript.
  local: (name) => `$${name}`,
};

/** Returns an object that maps each key to the function's result. */
export function keyed<T>(of: (name: string) => T): Readonly<Record<string, T>> {
  return new Proxy({}, { get: (_, name) => of(String(name)) });
}

export function printed(print: Printable): string {
  if (Array.isArray(print)) return print.map(printed).join("");
  if (typeof print !== "string") throw new Error("only text is expected here");
  return print;
}

/** Printed code without its types, in parentheses. */
export function asJavaScript(code: string): string {
  return stripTypeScriptTypes(`(${code})`);
}

export function check(
  expression: string,
  scope: Scope,
  registry: Registry,
  language: Language = LANGUAGE,
): { readonly expression: Expression | undefined; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic) => diagnostics.push(diagnostic);
  const checked = checkExpression(textOf(expression), scope, registry, report, language);
  return { expression: checked, diagnostics };
}

// Types of parts of an expression that is being edited.
import type { Registry } from "@bufbuild/protobuf";
import {
  type CelType,
  checkExpression,
  type Expression,
  LANGUAGE,
  type Scope,
  type Text,
  type Variable,
} from "protoc-gen-bff/internal/language";
import type { OpenMacro } from "./receiver.ts";

/** Certain failures are no faults of a part. */
const LENIENT = { ...LANGUAGE, soundLiterals: false };

/**
 * Checks an expression without diagnostics. Places in the result have offsets as columns: `offsets` has one for each
 * character and for the end; default: positions in the text.
 */
export function checkText(
  value: string,
  scope: Scope,
  registry: Registry,
  offsets: readonly number[] = [],
): Expression | undefined {
  const offset = (at: number): number => offsets[at] ?? offsets.at(-1) ?? at;
  const place = (from: number, to: number = from + 1) => ({
    file: "",
    line: 1,
    column: offset(from),
    endLine: 1,
    endColumn: offset(to),
  });
  const text: Text = { value, at: place(0, value.length), place };
  const { known: _, gone: __, ...open } = scope;
  return checkExpression(text, open, registry, () => {}, LENIENT);
}

/** Returns the type of a value; undefined: it has a fault, or is no value. */
export function typeOf(value: string, scope: Scope, registry: Registry): CelType | undefined {
  const found = checkText(value, scope, registry)?.type;
  if (found !== undefined) return found;
  // Errors are no values, only their members are.
  const isFailure = /^failure\s*\(/.test(value) && checkText(`${value}.?code`, scope, registry) !== undefined;
  return isFailure ? { kind: "optional", of: { kind: "opaque", name: "error", params: [] } } : undefined;
}

/** Returns the scope inside of macros. */
export function withLocals(scope: Scope, macros: readonly OpenMacro[], registry: Registry): Scope {
  return macros.reduce((outer, { name, range, variables }) => {
    const types = itemTypes(name, typeOf(range, outer, registry));
    const locals = new Map(variables.map((variable, i) => [variable, local(variable, types(i, variables.length))]));
    return withVariables(outer, locals);
  }, scope);
}

/** Returns the scope with further variables, which hide others. */
export function withVariables(scope: Scope, variables: ReadonlyMap<string, Variable>): Scope {
  return {
    ...scope,
    lookup: (name) => variables.get(name) ?? scope.lookup(name),
    names: () => [...variables.keys(), ...scope.names()],
  };
}

/** A variable of a macro, or of an item. */
export function local(name: string, type: CelType): Variable {
  return { name, role: "local", type, proto: undefined, absent: false };
}

const DYN: CelType = { kind: "dyn" };
const INT: CelType = { kind: "int" };

/** Returns the types of a macro's variables by their position and number. */
function itemTypes(macro: string, range: CelType | undefined): (index: number, count: number) => CelType {
  if (range === undefined) return () => DYN;
  if (macro === "bind") return () => range;
  if (range.kind === "optional") return () => range.of;
  return (index, count) => {
    if (macro === "reduce") return index === 0 ? DYN : itemOf(range);
    if (count === 1) return itemOf(range);
    if (range.kind === "map") return index === 0 ? range.key : range.value;
    return index === 0 ? INT : itemOf(range);
  };
}

/** Type of an item of a list, or of a key of a map. */
export function itemOf(range: CelType): CelType {
  if (range.kind === "list") return range.element;
  return range.kind === "map" ? range.key : DYN;
}

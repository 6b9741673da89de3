// Functions of the user that expressions may call: their types.
import {
  type CelType,
  functionNames,
  type Overload,
  signature,
  type TypeFault,
  USER_FUNCTION,
  writtenType,
} from "../../cel/index.ts";
import type { Report, Text } from "../../diagnostic/diagnostic.ts";
import type { Ir, IrFile, IrFunction } from "../../ir/ir.ts";
import { lookupMessage, resolveName } from "../names/lookup.ts";
import { slice } from "../names/synthetic-text.ts";
import type { MessageContext, PackageContext, UserFunctions } from "../steps/context.ts";

export function userFunctions(ir: Ir, report: Report): UserFunctions {
  const known = new Map<string, Overload>();
  const found = new Map<IrFunction, Overload>();
  for (const file of ir.files) {
    for (const declared of file.functions) {
      const params = declared.params.map((param) => typeOf(ir, param, file, report));
      const result = declared.result && typeOf(ir, declared.result, file, report);
      if (result === undefined || !params.every((param) => param !== undefined)) continue;
      const overload: Overload = {
        id: USER_FUNCTION,
        fn: declared.name.value,
        method: false,
        params,
        result,
        fails: true,
      };
      if (functionNames().includes(overload.fn))
        report({
          code: "BFF366",
          severity: "warning",
          message: `calls of "${overload.fn}" reach this function and not the library's`,
          at: declared.name.at,
          hint: "rename it, or leave it out to use the library's",
        });
      const key = signature(overload);
      known.set(key, known.get(key) ?? overload);
      found.set(declared, known.get(key) ?? overload);
    }
  }
  return found;
}

/**
 * Returns the functions that a package may call, and the names of functions with a fault. Equal declarations of one
 * name are one function.
 */
export function agreedFunctions(
  declared: readonly IrFunction[],
  all: UserFunctions,
  report: Report,
): Pick<PackageContext, "functions" | "brokenFunctions"> {
  const broken = new Set(declared.filter((fn) => !all.has(fn)).map(({ name }) => name.value));
  const byName = new Map<string, { readonly declared: IrFunction; readonly overload: Overload }>();
  for (const fn of declared) {
    const overload = all.get(fn);
    if (overload === undefined) continue;
    const first = byName.get(fn.name.value);
    if (first === undefined) byName.set(fn.name.value, { declared: fn, overload });
    else if (first.overload !== overload) {
      broken.add(overload.fn);
      report({
        code: "BFF434",
        severity: "error",
        message: `the function "${overload.fn}" is ${signature(overload)} here, but ${signature(first.overload)} in another file`,
        at: fn.name.at,
        related: [{ at: first.declared.name.at, message: `${signature(first.overload)} here` }],
        hint: "declare it in one file, and import that file",
      });
    }
  }
  return { functions: [...byName.values()].map(({ overload }) => overload), brokenFunctions: broken };
}

/**
 * Reports steps and variables with the name of a namespace, because the name before a dot is a step or a variable
 * first.
 */
export function checkNamespaces({ ir, around, run, governing, scope }: MessageContext): void {
  const declared = governing.functions.filter((fn) => run.functions.has(fn));
  const namespaces = new Map(declared.map((fn) => [fn.name.value.split(".")[0] ?? "", fn]));
  const steps = ir.steps.flatMap(({ name }) => (name === undefined ? [] : [{ name, what: "step" }]));
  const variables = ir.steps.flatMap(({ source }) =>
    source?.kind === "each" && source.var !== undefined ? [{ name: source.var, what: "variable" }] : [],
  );
  for (const { name, what } of [...steps, ...variables]) {
    const hidden = namespaces.get(name.value);
    if (hidden === undefined) continue;
    scope.report({
      code: "BFF365",
      severity: "error",
      message: `the ${what} "${name.value}" hides the function "${hidden.name.value}"`,
      at: name.at,
      related: [{ at: hidden.name.at, message: "the function" }],
      hint: "rename one of the two",
    });
  }
  // Calls of a hidden function are not at fault. Steps of the service have been reported at the service.
  const taken = new Set([...steps.map(({ name }) => name.value), ...around.keys()]);
  for (const [namespace, { name }] of namespaces) if (taken.has(namespace)) scope.brokenFunctions.add(name.value);
}

function typeOf(ir: Ir, text: Text, file: IrFile, report: Report): CelType | undefined {
  const container = file.desc.proto.package;
  const found = writtenType(text.value, (name) => resolveName(container, name, (full) => ir.registry.getMessage(full)));
  if (!("fault" in found)) return found;
  const { fault } = found;
  if (fault.kind === "unknown") lookupMessage(ir, slice(text, fault.start, fault.end), container, report);
  else
    report({
      code: "BFF360",
      severity: "error",
      message: messageOf(fault, text.value),
      at: text.place(fault.start, fault.end),
      hint: "write a type such as string, int, timestamp, list(string), map(string, int), or the name of a message",
    });
  return undefined;
}

function messageOf({ kind, name }: TypeFault, text: string): string {
  if (kind === "unfit") return `functions of a package neither accept nor return ${name}`;
  return name === ""
    ? `${JSON.stringify(text)} is an incomplete type`
    : `${JSON.stringify(text)} is not a type: "${name}" is unexpected here`;
}

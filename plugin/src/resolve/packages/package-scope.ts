import type { DescField } from "@bufbuild/protobuf";
import type { Lack } from "../../cel/index.ts";
import type { Report } from "../../diagnostic/diagnostic.ts";
import type { IrFile } from "../../ir/ir.ts";
import { lackOf } from "../model/missing/failable-fields.ts";
import type { MessageScope } from "../scope/scope.ts";
import type { PackageContext, Run } from "../steps/context.ts";

/** Returns a scope without steps, for expressions that a file of a package declares. */
export function packageScope(
  run: Run,
  file: IrFile,
  { functions, brokenFunctions }: Pick<PackageContext, "functions" | "brokenFunctions">,
  {
    report,
    builtins,
    brokenEnv,
    callersAt = [],
    broken = [],
  }: Pick<MessageScope, "builtins" | "brokenEnv"> & {
    readonly report: Report;
    readonly callersAt?: MessageScope["callersAt"];
    readonly broken?: Iterable<string>;
  },
): MessageScope {
  const shared = { steps: new Map(), broken: new Set(broken) };
  return {
    registry: run.ir.registry,
    container: file.desc.proto.package,
    enums: run.enums,
    observe: run.observe,
    constants: run.constants,
    lackOf: lackIn(run),
    report,
    builtins,
    callersAt,
    ...shared,
    stepOf: new Map(),
    offered: [],
    brokenArgs: new Set(),
    brokenEnv,
    functions,
    brokenFunctions: new Set(brokenFunctions),
    known: new Set(),
    shared,
  };
}

/** Functions of a scope in which no function of the user is. */
export const NO_FUNCTIONS: Pick<PackageContext, "functions" | "brokenFunctions"> = {
  functions: [],
  brokenFunctions: new Set(),
};

/** Returns the reason for which a field can be missing, and records that an expression has read the field. */
function lackIn({ failable, messages }: Run): (field: DescField) => Lack | undefined {
  return (field) => {
    if (!messages.has(field.parent.typeName)) return undefined;
    failable.read.add(field);
    return lackOf(failable.fields, field);
  };
}

// Functions of the user that expressions call: their types, and the checks of their results.
import { type CelType, celShape, type Overload } from "../../cel/index.ts";
import type { PlanFile } from "../../plan/model/plan.ts";
import { appNames, type FileNames } from "../names/file-names.ts";
import { block, type Line, type Lines } from "../text/lines.ts";
import { suppliedType } from "../text/supplied-type.ts";

export function emitFunctions(file: PlanFile, names: FileNames): Lines {
  if (file.functions.length === 0) return [];
  return [
    ["/** Your functions that expressions call. `npx protobff init resolvers resolvers.ts` writes stubs of them. */"],
    ...block(
      [`export interface ${suppliedType(file.desc, "Functions")} {`],
      file.functions.flatMap(({ name, overload, at }) => [
        [`/** ${overload.fn} (${names.place(at)}) */`],
        [`readonly ${name}: `, ...signatureOf(overload, names), ";"],
      ]),
      ["}"],
    ),
    [],
  ];
}

/** `(arg1: string, arg2: bigint) => string` */
function signatureOf({ params, result }: Overload, names: FileNames): Line {
  const types = appNames(names);
  const list = params.flatMap((param, i): Line => [i === 0 ? "" : ", ", `arg${i + 1}: `, ...celShape(param, types)]);
  return ["(", ...list, ") => ", ...celShape(result, types)];
}

/** Prints the statement that wraps the user's functions for calls in expressions. */
export function checkedFunctions(file: PlanFile, names: FileNames): Lines {
  if (file.functions.length === 0) return [];
  return block(
    ["const functions = ", names.runtime("customFunctions"), "(given, {"],
    file.functions.map(({ name, overload }) => [
      `${name}: [${JSON.stringify(overload.fn)}, ${JSON.stringify(kindOf(overload.result))}],`,
    ]),
    [file.sensitive ? "}, true);" : "});"],
  );
}

/** Returns the type of a value as run-time checks detect it. */
function kindOf(type: CelType): string {
  if (type.kind === "list") return `list(${kindOf(type.element)})`;
  if (type.kind === "map") return `map(${kindOf(type.value)})`;
  return type.kind === "message" ? type.desc.typeName : type.kind;
}

// TypeScript types of the arguments and results of generated functions.

import { ScalarType } from "@bufbuild/protobuf";
import { type Proto, unsetIsNull, type Variable } from "../../cel/index.ts";
import { is64Bit } from "../../model/is-64-bit.ts";
import type { PlanArg } from "../../plan/model/inputs.ts";
import { camel } from "../../text/camel.ts";
import type { Line } from "../text/lines.ts";
import type { FileNames } from "./file-names.ts";

export function argsType(members: readonly PlanArg[], file: FileNames): Line {
  if (members.length === 0) return ["object"];
  const properties = members.flatMap(
    (arg, i): Line => [
      i === 0 ? "" : "; ",
      `readonly ${camel(arg.name)}: `,
      ...variableType(arg.variable, file),
      ...(arg.variable.absent || arg.variable.unset !== undefined ? [" | undefined"] : []),
    ],
  );
  return ["{ ", ...properties, " }"];
}
export function variableType(variable: Variable, file: FileNames): Line {
  const { proto } = variable;
  const plain = proto === undefined ? ["unknown"] : protoType(proto, file);
  return unsetIsNull(variable) ? [...plain, " | undefined"] : plain;
}
export function protoType(proto: Proto, file: FileNames): Line {
  switch (proto.kind) {
    case "scalar":
      return [proto.text === true ? "string" : scalarType(proto.scalar)];
    case "enum":
      return [file.shape(proto.desc)];
    case "message":
      return proto.desc.typeName === "google.protobuf.Struct"
        ? [file.protobufType("JsonObject")]
        : [file.shape(proto.desc)];
    case "list":
      return [...protoType(proto.of, file), "[]"];
    case "map":
      return ["{ [key: string]: ", ...protoType(proto.of, file), " }"];
  }
}
function scalarType(scalar: ScalarType): string {
  switch (scalar) {
    case ScalarType.STRING:
      return "string";
    case ScalarType.BOOL:
      return "boolean";
    case ScalarType.BYTES:
      return "Uint8Array";
    default:
      return is64Bit(scalar) ? "bigint" : "number";
  }
}

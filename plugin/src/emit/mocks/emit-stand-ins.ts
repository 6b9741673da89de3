// Replacements for resolvers and functions of the user in fault tests: each returns the sample that the plan's
// predictions assume.

import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { type CelType, fieldType, type Proto } from "../../cel/index.ts";
import { is64Bit } from "../../model/is-64-bit.ts";
import type { PlanFile } from "../../plan/model/plan.ts";
import { firstOf } from "../../report/faults/samples.ts";
import type { FileNames } from "../names/file-names.ts";
import { isCreated } from "../steps/emit-resolver.ts";
import { block, type Line, type Lines } from "../text/lines.ts";

/** Members of the options of `createTestBff`. */
export function standIns({ resolvers, functions }: PlanFile, names: FileNames): Lines {
  const supplied = resolvers.map(({ name, source }): Line => {
    const value: Line =
      source.field === undefined
        ? [names.testing("sample"), "(", names.schema(source.message), ")"]
        : suppliedValue(source.field, fieldType(source.field).proto, names);
    return [`${name}: () => `, ...value, ","];
  });
  const computed = functions.map(
    ({ name, overload }): Line => [`${name}: () => `, ...computedValue(overload.result, overload.fn, names), ","],
  );
  return [
    ...(supplied.length === 0 ? [] : block(["resolvers: {"], supplied, ["},"])),
    ...(computed.length === 0 ? [] : block(["functions: {"], computed, ["},"])),
  ];
}

/** Prints a sample in the form of protobuf-es. */
function suppliedValue(field: DescField, proto: Proto, names: FileNames): Line {
  switch (proto.kind) {
    case "list":
      return ["[", ...suppliedValue(field, proto.of, names), "]"];
    case "map":
      return [`({ ${KEYS.get(proto.key) ?? "1"}: `, ...suppliedValue(field, proto.of, names), " })"];
    case "message":
      // A google.protobuf.Struct is a JSON object in a field.
      return isCreated(proto) ? [names.testing("sample"), "(", names.schema(proto.desc), ")"] : ["({})"];
    case "enum":
      return [String(firstOf(proto.desc))];
    case "scalar":
      // The field of a wrapper has this name.
      return [scalar(proto.scalar, proto.text === true, field.message === undefined ? field.name : "value")];
  }
}
const KEYS: ReadonlyMap<ScalarType, string> = new Map([
  [ScalarType.STRING, '"key-1"'],
  [ScalarType.BOOL, "true"],
]);

/** Prints a sample in the form of expressions. */
function computedValue(type: CelType, name: string, names: FileNames): Line {
  switch (type.kind) {
    case "list":
      return ["[", ...computedValue(type.element, name, names), "]"];
    case "map": {
      const [key, value] = [computedValue(type.key, "key", names), computedValue(type.value, name, names)];
      return ["new Map([[", ...key, ", ", ...value, "]])"];
    }
    case "message":
      return [names.testing("sample"), "(", names.schema(type.desc), ")"];
    case "wrapper":
      return computedValue(type.of, name, names);
    case "int":
    case "uint":
      return ["1n"];
    case "double":
      return [scalar(ScalarType.DOUBLE, false, name)];
    case "bool":
      return [scalar(ScalarType.BOOL, false, name)];
    case "bytes":
      return [scalar(ScalarType.BYTES, false, name)];
    default:
      return [scalar(ScalarType.STRING, false, name)];
  }
}

function scalar(kind: ScalarType, text: boolean, name: string): string {
  switch (kind) {
    case ScalarType.STRING:
      return JSON.stringify(`${name}-1`);
    case ScalarType.BYTES:
      return `new TextEncoder().encode(${JSON.stringify(`${name}-1`)})`;
    case ScalarType.BOOL:
      return "true";
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return "1.5";
    default:
      if (!is64Bit(kind)) return "1";
      return text ? '"1"' : "1n";
  }
}

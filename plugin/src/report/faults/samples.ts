// Samples as data: the default answers of mocks. Mocks create their samples by the same code.
import { create, type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { FieldMaskSchema } from "@bufbuild/protobuf/wkt";
import { sample } from "@protobff/runtime/internal/samples";
import { type CelType, declaredDefault } from "../../cel/index.ts";
import type { ValueReport } from "../../faults/index.ts";
import type { BffMethod } from "../../resolve/model/model.ts";
import { messageReport } from "./value-report.ts";

/** Returns the message of this type that mocks answer. */
export function sampleOf(desc: DescMessage): ValueReport {
  return messageReport(reflect(desc, sample(desc)));
}

/** Returns a request for every field of the answer. */
export function requestOf({ desc: { input }, fields }: Pick<BffMethod, "desc" | "fields">): ValueReport {
  const request = reflect(input, sample(input));
  const mask = reflect(FieldMaskSchema, create(FieldMaskSchema, { paths: ["*"] }));
  const [first, second] = fields?.path ?? [];
  if (first !== undefined && second !== undefined && first.message !== undefined) {
    const view = reflect(first.message, sample(first.message));
    view.set(second, mask);
    request.set(first, view);
  } else if (first !== undefined) request.set(first, mask);
  return messageReport(request);
}

/** Returns a sample in place of a function that supplies a field, whatever rules the field has. */
export function sampleOfField(field: DescField): ValueReport {
  const sample = (): ValueReport => {
    if (field.message !== undefined) return sampleOf(field.message);
    if (field.enum !== undefined) return { int: String(firstOf(field.enum)) };
    return sampleOfScalar(field.scalar ?? ScalarType.STRING, field.name);
  };
  if (field.fieldKind === "list") return [sample()];
  return field.fieldKind === "map" ? { map: [[sampleOfScalar(field.mapKey, "key"), sample()]] } : sample();
}

/** Returns a sample in place of a function that expressions call; `name` is the name for texts. */
export function sampleOfType(type: CelType, name: string): ValueReport {
  switch (type.kind) {
    case "list":
      return [sampleOfType(type.element, name)];
    case "map":
      return { map: [[sampleOfType(type.key, "key"), sampleOfType(type.value, name)]] };
    case "message":
      return sampleOf(type.desc);
    case "wrapper":
      return sampleOfType(type.of, name);
    case "bool":
      return sampleOfScalar(ScalarType.BOOL, name);
    case "int":
    case "uint":
      return sampleOfScalar(ScalarType.INT64, name);
    case "double":
      return sampleOfScalar(ScalarType.DOUBLE, name);
    case "string":
      return sampleOfScalar(ScalarType.STRING, name);
    case "bytes":
      return sampleOfScalar(ScalarType.BYTES, name);
    default:
      throw new Error(`no function gives a ${type.kind}`);
  }
}

function sampleOfScalar(scalar: ScalarType, name: string): ValueReport {
  switch (scalar) {
    case ScalarType.STRING:
      return `${name}-1`;
    case ScalarType.BYTES:
      return { bytes: Buffer.from(`${name}-1`).toString("base64") };
    case ScalarType.BOOL:
      return true;
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return { double: 1.5 };
    default:
      return { int: "1" };
  }
}

/** The number of its first value that is not 0. */
export function firstOf({ values }: DescEnum): number {
  return (values.find(({ number }) => number !== 0) ?? values[0])?.number ?? 0;
}

/** Returns the value of an unset field. */
export function zeroOf(field: DescField): ValueReport {
  if (field.fieldKind === "list") return [];
  if (field.fieldKind === "map") return { map: [] };
  if (field.message !== undefined) return { message: field.message.typeName, fields: {} };
  if (field.enum !== undefined) return { int: String(field.getDefaultValue() ?? field.enum.values[0]?.number ?? 0) };
  const preset = declaredDefault(field);
  switch (field.scalar) {
    case ScalarType.STRING:
      return typeof preset === "string" ? preset : "";
    case ScalarType.BYTES:
      return { bytes: preset instanceof Uint8Array ? Buffer.from(preset).toString("base64") : "" };
    case ScalarType.BOOL:
      return preset === true;
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return { double: typeof preset === "number" ? preset : 0 };
    default:
      return { int: String(preset ?? 0) };
  }
}

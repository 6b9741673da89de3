// Messages as data: an example request for the interpreter of faults.
import type { DescField } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage, type ScalarValue } from "@bufbuild/protobuf/reflect";
import type { ValueReport } from "../../faults/index.ts";

export function messageReport(message: ReflectMessage): ValueReport {
  const set = message.desc.fields.filter((field) => field.presence === IMPLICIT || message.isSet(field));
  const fields = set.map((field) => [field.name, fieldReport(message, field)] as const);
  return { message: message.desc.typeName, fields: Object.fromEntries(fields) };
}
/** FeatureSet_FieldPresence.IMPLICIT */
const IMPLICIT = 2;

function fieldReport(message: ReflectMessage, field: DescField): ValueReport {
  switch (field.fieldKind) {
    case "list":
      return [...message.get(field)].map((item) => partReport(field, item));
    case "map":
      return {
        map: [...message.get(field)].map(([key, value]) => [
          scalarReport(field.mapKey, key as never),
          partReport(field, value),
        ]),
      };
    default:
      return partReport(field, message.get(field));
  }
}
function partReport(field: DescField, value: unknown): ValueReport {
  if (isReflectMessage(value)) return messageReport(value);
  if (field.enum !== undefined) return { int: String(value) };
  return scalarReport(field.scalar ?? ScalarType.STRING, value as ScalarValue);
}
function scalarReport(scalar: ScalarType, value: ScalarValue): ValueReport {
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString("base64") };
  const double = scalar === ScalarType.DOUBLE || scalar === ScalarType.FLOAT;
  return double ? { double: Number(value) } : { int: String(value) };
}

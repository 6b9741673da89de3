// Samples as data: what mocks answer by default. Made by the same code as those of mocks (runtime/src/mock/sample, copied to gen).
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import type { ValueReport } from "../faults/behaviour.ts";
import { sample } from "../gen/sample/sample.ts";
import { messageReport } from "./value-report.ts";

/** The message of this type that mocks answer. */
export function sampleOf(desc: DescMessage): ValueReport {
  return messageReport(reflect(desc, sample(desc)));
}

/** What a field that is unset reads as. */
export function zeroOf(field: DescField): ValueReport {
  if (field.fieldKind === "list") return [];
  if (field.fieldKind === "map") return { map: [] };
  if (field.message !== undefined) return { message: field.message.typeName, fields: {} };
  if (field.enum !== undefined) return { int: String(field.getDefaultValue() ?? field.enum.values[0]?.number ?? 0) };
  const preset = field.getDefaultValue();
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

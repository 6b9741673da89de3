import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { presenceOf } from "./field-type.ts";

const ESCAPE = /\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|(.))/gs;
const CONTROLS: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 };

/**
 * Returns the default that a field of proto2 or editions declares. Bytes are read from the descriptor's C escapes,
 * because protobuf-es drops escaped quotes (docs/reports/protobuf-es.md).
 */
export function declaredDefault(field: DescField): string | number | bigint | boolean | Uint8Array | undefined {
  if (field.fieldKind !== "scalar") return undefined;
  if (field.scalar !== ScalarType.BYTES) return field.getDefaultValue();
  const text = field.proto.defaultValue;
  return text === "" ? undefined : bytesOf(text);
}

/** Returns true if the property of an unset field holds other bytes than its declared default. */
export function isMisread(field: DescField): boolean {
  if (field.fieldKind !== "scalar" || field.scalar !== ScalarType.BYTES || presenceOf(field) !== "default")
    return false;
  return String(declaredDefault(field)) !== String(field.getDefaultValue());
}

function bytesOf(text: string): Uint8Array {
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const { 0: written, 1: octal, 2: hex, 3: letter = "", index } of text.matchAll(ESCAPE)) {
    parts.push(Buffer.from(text.slice(end, index)));
    const named = CONTROLS[letter] ?? letter.charCodeAt(0);
    const code = octal === undefined ? named : Number.parseInt(octal, 8);
    parts.push(Uint8Array.of(hex === undefined ? code : Number.parseInt(hex, 16)));
    end = index + written.length;
  }
  return new Uint8Array(Buffer.concat([...parts, Buffer.from(text.slice(end))]));
}

// The text of a ProtoJSON value.
import { type DescField, type DescMessage, type JsonValue, ScalarType } from "@bufbuild/protobuf";
import { holdsField } from "../wire/holds-field.ts";

/** Returns the function that writes a message's JSON as text: `JSON.stringify` for types that hold no float. */
export const jsonText = (desc: DescMessage): ((json: JsonValue) => string) =>
  mayHoldFloat(desc) ? exactText : JSON.stringify;

/** Contents of a google.protobuf.Any and extensions are unknown. */
function mayHoldFloat(root: DescMessage): boolean {
  if (isAnyOrExtended(root)) return true;
  return holdsField(root, (field) => isFloat(field) || (field.message !== undefined && isAnyOrExtended(field.message)));
}
const isFloat = ({ scalar }: DescField): boolean => scalar === ScalarType.FLOAT || scalar === ScalarType.DOUBLE;
/** Reports whether messages of the type hold values as bytes, whose types are in a registry. */
export const isAnyOrExtended = ({ typeName, proto }: DescMessage): boolean =>
  typeName === "google.protobuf.Any" || proto.extensionRange.length > 0;

/** Like JSON.stringify, except for -0, which JSON.stringify writes as 0: a float or a double would lose its sign. */
export function exactText(json: JsonValue): string {
  const text = JSON.stringify(json);
  return ZERO.test(text) && holdsNegativeZero(json) ? written(json) : text;
}
/** Matches what may be a -0 that became 0. A look at the text takes a tenth of the time of one at all values. */
const ZERO = /(?:^|[:,[])0(?:[,\]}]|$)/;

function holdsNegativeZero(json: JsonValue): boolean {
  if (typeof json !== "object") return Object.is(json, -0);
  return json !== null && Object.values(json).some(holdsNegativeZero);
}

function written(json: JsonValue): string {
  if (Object.is(json, -0)) return "-0";
  if (typeof json !== "object" || json === null) return JSON.stringify(json);
  if (Array.isArray(json)) return `[${json.map(written).join(",")}]`;
  return `{${Object.entries(json).map(([name, value]) => `${JSON.stringify(name)}:${written(value)}`)}}`;
}

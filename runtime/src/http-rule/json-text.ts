// The text of a ProtoJSON value.
import type { JsonValue } from "@bufbuild/protobuf";

/** Like JSON.stringify, except for -0, which JSON.stringify writes as 0: a float or a double would lose its sign. */
export function jsonText(json: JsonValue): string {
  return holdsNegativeZero(json) ? written(json) : JSON.stringify(json);
}

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

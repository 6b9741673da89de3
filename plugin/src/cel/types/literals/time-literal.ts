import type { Node } from "../model/type.ts";

type Literal = Node & { readonly kind: "message" };

function isTime(typeName: string): boolean {
  return typeName === "google.protobuf.Timestamp" || typeName === "google.protobuf.Duration";
}

/** 9999-12-31T23:59:59Z, and a number of seconds that certainly fits into 64 bits of nanoseconds. */
const LAST_SECOND = 253_402_300_799;
const MAX_SECONDS = 9_223_372_035;

/** Returns true if the constants of `Timestamp{…}` or `Duration{…}` need neither a range check nor normalization. */
export function isSureTime(typeName: string, fields: Literal["fields"]): boolean {
  if (!isTime(typeName)) return true;
  const parts = new Map(
    fields.map(({ field, value }) => [field.name, value.kind === "constant" ? value.value : undefined]),
  );
  if (fields.some(({ optional }) => optional) || [...parts.values()].some((part) => typeof part !== "bigint"))
    return false;
  const seconds = Number(parts.get("seconds") ?? 0n);
  const nanos = Number(parts.get("nanos") ?? 0n);
  if (typeName.endsWith("Timestamp")) {
    return seconds >= -62_135_596_800 && seconds <= LAST_SECOND && nanos >= 0 && nanos < 1e9;
  }
  return Math.abs(seconds) <= MAX_SECONDS && Math.abs(nanos) < 1e9 && seconds * nanos >= 0;
}

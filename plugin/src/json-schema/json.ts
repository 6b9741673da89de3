/** Value in a document. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

/** Returns the members that are not undefined. */
export function only(values: Readonly<Record<string, Json | undefined>>): JsonObject {
  const defined = Object.entries(values).filter((entry): entry is [string, Json] => entry[1] !== undefined);
  return Object.fromEntries(defined);
}
export const unlessEmpty = <T extends Json>(value: T): T | undefined =>
  value === "" || (typeof value === "object" && value !== null && Object.keys(value).length === 0) ? undefined : value;

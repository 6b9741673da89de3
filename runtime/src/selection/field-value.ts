import type { DescField } from "@bufbuild/protobuf";

/** Returns a copy with the same values. Prototypes of messages of proto2 and editions contain defaults. */
export function shallowCopy<M extends object>(message: M): M {
  return Object.assign(Object.create(Object.getPrototypeOf(message)), message);
}

/** Returns the value of a field. Undefined if it is unset, or if its oneof has another member. */
export function fieldValue(message: object, field: DescField): unknown {
  const fields = message as Readonly<Record<string, unknown>>;
  if (field.oneof === undefined) return fields[field.localName];
  const chosen = fields[field.oneof.localName] as { case?: string; value?: unknown } | undefined;
  return chosen?.case === field.localName ? chosen.value : undefined;
}

/** Sets a field, and chooses it in its oneof. */
export function setFieldValue(message: object, field: DescField, value: unknown): void {
  const fields = message as Record<string, unknown>;
  if (field.oneof === undefined) fields[field.localName] = value;
  else fields[field.oneof.localName] = { case: field.localName, value };
}

// Fields with `debug_redact = true` of google.protobuf.FieldOptions, and the types that contain them.
import {
  type AnyDesc,
  type DescExtension,
  type DescField,
  type DescMessage,
  getOption,
  hasOption,
  type Registry,
} from "@bufbuild/protobuf";
import { field as fieldOption } from "@protobff/messages/options.js";
import type { CelType } from "../../cel/index.ts";

/** A field, or an extension of a proto2 message. */
export type AnyField = DescField | DescExtension;

/** The way of a sensitive value: the field that marks it, and the places that it passed, in order. */
export interface Way {
  readonly source: AnyField;
  readonly through: readonly string[];
}

/** `up.v1.User.email → step "user"`. */
export function wayText({ source, through }: Way): string {
  return [fieldText(source), ...through].join(" → ");
}
export const fieldText = (field: AnyField): string =>
  field.kind === "extension" ? field.typeName : `${field.parent.typeName}.${field.name}`;

export const isRedacted = ({ proto }: AnyField): boolean => proto.options?.debugRedact === true;

/** Returns the redacted fields of all types in a run. */
export function redactedFields(types: Iterable<AnyDesc>): readonly AnyField[] {
  return [...types].flatMap((desc): readonly AnyField[] => {
    if (desc.kind === "extension") return isRedacted(desc) ? [desc] : [];
    return desc.kind === "message" ? desc.fields.filter(isRedacted) : [];
  });
}

const redactedOf = new WeakMap<Registry, readonly AnyField[]>();

function redactedIn(registry: Registry): readonly AnyField[] {
  const redacted = redactedOf.get(registry) ?? redactedFields(registry);
  redactedOf.set(registry, redacted);
  return redacted;
}

/** Returns true if any type of a run has redacted fields. */
export const hasRedacted = (registry: Registry): boolean => redactedIn(registry).length > 0;

/**
 * Returns true if a message may contain sensitive values: inside are a redacted field, one with `reveal`, or a
 * google.protobuf.Any. False for all messages of a run without redacted fields.
 */
export function holdsSensitive(desc: DescMessage, registry: Registry): boolean {
  const redacted = redactedIn(registry);
  if (redacted.length === 0) return false;
  const extended = new Set(redacted.flatMap((field) => (field.kind === "extension" ? field.extendee.typeName : [])));
  const seen = new Set([desc]);
  for (const { typeName, fields } of seen) {
    if (typeName === "google.protobuf.Any" || extended.has(typeName)) return true;
    for (const field of fields) {
      if (isRedacted(field) || isRevealed(field)) return true;
      if (field.message !== undefined) seen.add(field.message);
    }
  }
  return false;
}
const isRevealed = (field: DescField): boolean =>
  hasOption(field, fieldOption) && getOption(field, fieldOption).reveal !== undefined;

/**
 * Returns the way of the nearest marked field inside of a message.
 *
 * @param enters returns false for types whose fields are checked one by one
 */
export function markInside(
  desc: DescMessage,
  marks: ReadonlyMap<AnyField, Way>,
  enters: (desc: DescMessage) => boolean = () => true,
): Way | undefined {
  const seen = new Set([desc]);
  for (const message of seen) {
    if (!enters(message)) continue;
    for (const field of message.fields) {
      const way = marks.get(field);
      if (way !== undefined) return way;
      if (field.message !== undefined) seen.add(field.message);
    }
  }
  return undefined;
}

/** Returns the messages in values of a type. */
export function messagesIn(type: CelType): readonly DescMessage[] {
  switch (type.kind) {
    case "message":
      return [type.desc];
    case "list":
      return messagesIn(type.element);
    case "map":
      return messagesIn(type.value);
    case "optional":
      return messagesIn(type.of);
    default:
      return [];
  }
}

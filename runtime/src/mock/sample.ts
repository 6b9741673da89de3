// Samples: of every message one that is always the same, with a value in every field, made from its descriptor alone.
import {
  create,
  type DescEnum,
  type DescField,
  type DescMessage,
  type MessageShape,
  ScalarType,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { FeatureSet_FieldPresence as Presence } from "@bufbuild/protobuf/wkt";

/** Messages that one sample holds at most. What comes after them is left unset. */
const MOST = 500;
/** Where required ones alone are more than that, nothing is left out before these bounds: there, the message cannot be encoded. */
const MOST_REQUIRED = 5_000;
const DEEPEST_REQUIRED = 50;
/** How deep messages are nested in one at most. */
const DEEPEST = 8;

/** 2026-01-02T03:04:05Z */
const MOMENT_S = 1_767_323_045n;

/**
 * A message of this type, always the same: texts are the field's name and 1 (`id-1`), numbers 1, enums their first value that is not 0, lists
 * and maps have one entry, of a oneof it is the first member. A message inside one of its own type is left out, as is what is nested more
 * than 8 deep and what comes after 500 messages; what is required is not, as long as that comes to an end.
 */
export function sample<Desc extends DescMessage>(desc: Desc): MessageShape<Desc> {
  return new Sampling().of(desc, []).message as MessageShape<Desc>;
}

/** Gives required fields that are unset their sample, also in messages inside: without them nothing could be encoded. */
export function completed<Desc extends DescMessage>(desc: Desc, message: MessageShape<Desc>): MessageShape<Desc> {
  complete(reflect(desc, message), new Sampling());
  return message;
}

class Sampling {
  #left = MOST;

  /** @param around the types that it is in */
  of(desc: DescMessage, around: readonly DescMessage[]): ReflectMessage {
    this.#left--;
    const into = reflect(desc, create(desc));
    if (this.#known(desc, into)) return into;
    for (const member of desc.members) {
      const field = member.kind === "oneof" ? this.#firstOf(member.fields, around, desc) : member;
      if (field !== undefined) this.put(field, into, [...around, desc]);
    }
    return into;
  }
  #firstOf(fields: readonly DescField[], around: readonly DescMessage[], desc: DescMessage): DescField | undefined {
    return fields.find((field) => field.message === undefined || this.#fits(field.message, [...around, desc]));
  }
  #fits(desc: DescMessage, around: readonly DescMessage[], required = false): boolean {
    if (required) return this.#left > MOST - MOST_REQUIRED && around.length < DEEPEST_REQUIRED;
    return this.#left > 0 && around.length < DEEPEST && !around.includes(desc);
  }

  /** Sets a field of the message, unless it is to be left out. */
  put(field: DescField, into: ReflectMessage, around: readonly DescMessage[]): void {
    const required = field.presence === Presence.LEGACY_REQUIRED;
    if (field.message !== undefined && !this.#fits(field.message, around, required)) return;
    switch (field.fieldKind) {
      case "list":
        into.get(field).add(this.#one(field, around));
        break;
      case "map":
        into
          .get(field)
          .set(field.mapKey === ScalarType.STRING ? "key-1" : scalarOf(field.mapKey, ""), this.#one(field, around));
        break;
      default:
        into.set(field, this.#one(field, around));
    }
  }
  #one(field: DescField, around: readonly DescMessage[]): unknown {
    if (field.message !== undefined) return this.of(field.message, around);
    if (field.enum !== undefined) return firstOf(field.enum);
    return scalarOf(field.scalar ?? ScalarType.STRING, field.name);
  }

  /** Those of google.protobuf whose fields mean something together. */
  #known(desc: DescMessage, into: ReflectMessage): boolean {
    const put = (name: string, value: unknown): true => {
      const field = desc.fields.find((one) => one.name === name);
      if (field !== undefined) into.set(field, value);
      return true;
    };
    switch (desc.typeName) {
      case "google.protobuf.Timestamp":
        return put("seconds", MOMENT_S);
      case "google.protobuf.Duration":
        return put("seconds", 1n);
      case "google.protobuf.Value":
        return put("string_value", "value-1");
      case "google.protobuf.Any": // of which type nobody knows
      case "google.protobuf.Struct":
      case "google.protobuf.ListValue":
      case "google.protobuf.FieldMask":
        return true;
      default:
        return false;
    }
  }
}

function complete(message: ReflectMessage, samples: Sampling): void {
  for (const field of message.desc.fields) {
    if (field.presence === Presence.LEGACY_REQUIRED && !message.isSet(field))
      samples.put(field, message, [message.desc]);
    if (field.message === undefined || !message.isSet(field)) continue;
    if (field.fieldKind === "message") complete(message.get(field), samples);
    else if (field.fieldKind === "list") each(message.get(field), samples);
    else if (field.fieldKind === "map") each(message.get(field).values(), samples);
  }
}
function each(values: Iterable<unknown>, samples: Sampling): void {
  for (const value of values) complete(value as ReflectMessage, samples);
}

function firstOf({ values }: DescEnum): number {
  return (values.find(({ number }) => number !== 0) ?? values[0])?.number ?? 0;
}

function scalarOf(scalar: ScalarType, name: string): string | number | bigint | boolean | Uint8Array {
  switch (scalar) {
    case ScalarType.STRING:
      return `${name}-1`;
    case ScalarType.BYTES:
      return new TextEncoder().encode(`${name}-1`);
    case ScalarType.BOOL:
      return true;
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return 1n;
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return 1.5;
    default:
      return 1;
  }
}

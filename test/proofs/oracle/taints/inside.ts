// Taints of messages inside of composed values.
import { type CelInput, isCelList, isCelMap } from "@bufbuild/cel";
import { isReflectMessage, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import type { Response } from "../response.ts";
import type { FieldRead } from "./field-reads.ts";
import { Effect, type Taint } from "./taint.ts";

/** A message inside of a value, with the names of the fields that lead to it. */
interface Inside {
  readonly of: ReflectMessage;
  readonly path: readonly string[];
}

/** Returns the taint of every field inside of a composed value. */
export function insideOf(value: CelInput, { touched, parts }: Response, rank: number): Taint[] {
  const later = isReflectMessage(value) ? (parts.get(value.message) ?? []) : [];
  return messagesIn(value).flatMap(({ of: { message }, path }) =>
    (touched.get(message) ?? []).flatMap((entry) => {
      // An entry with a longer path is one of a message inside.
      if (!/^\w+$/.test(entry.path)) return [];
      const whole = `${[...path, entry.path].join(".")}.`;
      // A later part may have arrived when an expression reads it.
      const isLater = later.some((part) => whole.startsWith(`${part.replaceAll(/\[[^\]]*\]/g, "")}.`));
      return entry.causes.map((cause) => ({
        cause,
        rank,
        leftOut: entry.effects.includes(Effect.INCOMPLETE) ? ("either" as const) : false,
        soft: entry.optional || isLater,
        place: { message, field: entry.path },
      }));
    }),
  );
}

/** Returns the taints whose messages a value holds. */
export function heldIn(value: CelInput, taints: readonly Taint[]): readonly Taint[] {
  if (taints.length === 0) return taints;
  const messages = new Set(messagesIn(value).map(({ of }) => of.message));
  return taints.filter(({ place }) => place !== undefined && messages.has(place.message));
}

/** Reports whether a read of a value comes across a taint inside of it. */
export function meets(value: unknown, { path, how }: FieldRead, { place }: Taint): boolean {
  if (place === undefined) return true;
  const [name, ...rest] = path;
  if (name === undefined) return how === "all" && messagesIn(value).some(({ of }) => of.message === place.message);
  if (!isReflectMessage(value)) return itemsOf(value).some((item) => meets(item, { path, how }, { place } as Taint));
  if (value.message === place.message && name === place.field) return true;
  const field = value.desc.fields.find((candidate) => candidate.name === name);
  return field !== undefined && value.isSet(field) && meets(value.get(field), { path: rest, how }, { place } as Taint);
}

function messagesIn(value: unknown, path: readonly string[] = []): readonly Inside[] {
  if (!isReflectMessage(value)) return itemsOf(value).flatMap((item) => messagesIn(item, path));
  const fields = value.desc.fields.filter((field) => value.isSet(field));
  return [{ of: value, path }, ...fields.flatMap((field) => messagesIn(value.get(field), [...path, field.name]))];
}
function itemsOf(value: unknown): readonly unknown[] {
  if (isCelList(value)) return [...value];
  // `values()` of a map in a message gives its keys in @bufbuild/cel 0.6.
  if (isCelMap(value)) return [...value].map(([, item]) => item);
  if (typeof value === "object" && value !== null && Symbol.iterator in value && !(value instanceof Uint8Array))
    return [...(value as Iterable<unknown>)].map((item) => (Array.isArray(item) ? item[1] : item));
  return [];
}
